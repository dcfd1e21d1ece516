package main

import "os"

// isStandIn has nothing to find: a handle that is not valid fails by itself.
func isStandIn(*os.File) bool { return false }
