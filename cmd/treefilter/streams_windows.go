package main

import (
	"os"

	"treefilter/filter"
)

// identify finds nothing: package walk does not know which file is which here.
func identify(*os.File) filter.FileID { return filter.FileID{} }

// isStandIn has nothing to find: a handle that is not valid fails by itself.
func isStandIn(*os.File) bool { return false }
