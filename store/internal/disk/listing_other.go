//go:build !linux

package disk

import (
	"errors"

	"treefilter/store/internal/format"
)

// Elsewhere no directory is listed: Volume.Boot is always "".

func CoarseNow() format.Time { return format.Time{} }

func StatDir(string) (dev uint64, d format.DirStat, err error) {
	return 0, d, errors.ErrUnsupported
}

func ReadDir(string) (dev uint64, l *format.Listing, lasting bool, err error) {
	return 0, nil, false, errors.ErrUnsupported
}
