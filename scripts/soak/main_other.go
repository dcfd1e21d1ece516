//go:build !linux

// Soak needs Linux: it reads /proc.
package main

import "fmt"

func main() { fmt.Println("soak: not possible here: needs Linux") }
