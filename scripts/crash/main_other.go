//go:build !linux

// Crash needs Linux: tmpfs, ext4 and its EXT4_IOC_SHUTDOWN.
package main

import "fmt"

func main() { fmt.Println("crash: not possible here: needs Linux") }
