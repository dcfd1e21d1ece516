package state

import (
	"bytes"

	"treefilter/store/internal/format"
	"treefilter/store/internal/snapshot"
)

// listingReader looks up the listings of a tree's directories.
type listingReader struct {
	open   bool
	dev    uint64 // of the tree; on others nothing was listed
	cursor *snapshot.Cursor

	subs, others []string // what List returned last
}

// List returns the names in a directory, relative to the tree, given what a look at it
// has just shown: those of its subdirectories, and all others, each in byte order. The
// slices are good until the next call. False means that they are not known for
// certain. A damaged listing is none: then the directory is read, which is what there
// is to be done about it.
func (r *Reader) List(dir string, dev uint64, now DirStat) (subs, others []string, ok bool) {
	l := &r.listings
	if !l.open {
		volume := r.tree.opt.fsys.Volume(r.tree.root)
		l.open, l.dev, l.cursor = true, volume.Dev, r.st.Listings(volume.Boot)
	}
	if l.cursor == nil || dev != l.dev {
		return nil, nil, false
	}
	l.cursor.Enter(dir)
	value, err := l.cursor.Find(format.ListingName)
	if err != nil || value == nil {
		return nil, nil, false
	}
	l.subs, l.others, ok = format.ParseListing(bytes.Clone(value), now, l.subs[:0], l.others[:0])
	return l.subs, l.others, ok
}
