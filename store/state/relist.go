package state

import (
	"context"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/words"
)

// relisting makes up the listings of a new snapshot: from those of the last one, which
// are copied as they stand where their directories have not changed, and from what is
// read now. Directories come in walk order.
//
// A listing says what names a directory has, given its inode, in the state that its
// times show. So it cannot be wrong of another directory that comes to lie there, and
// does no harm where it is not asked for. That it cannot be wrong of the same one
// is up to three rules: the names and the times were those of one moment; no change
// that came after it could bear the same ctime; and no ctime was lost, as it may be
// in a crash, since listings count on the boot of the machine that they were made on
// and on no other.
type relisting struct {
	tree   *Tree
	volume disk.Volume
	now    format.Time // when it began, by the clock that sets ctimes

	old  *snapshot.Cursor // in the last snapshot; nil where none count
	rest bool             // directories that are not looked at keep their listings
	at   int64            // up to here it is decided which of the old ones are kept

	made    *snapshot.Scratch // the new ones
	parts   []listingPart
	entries int64
	changed bool // the new snapshot differs from the last one
}

// listingPart is some listings of the last snapshot that are kept, or some new ones.
type listingPart struct {
	format.Span
	made bool
}

func (t *Tree) newRelisting(st *state) *relisting {
	r := &relisting{tree: t, volume: t.opt.fsys.Volume(t.root), now: disk.CoarseNow(), made: snapshot.NewScratch(t.opt.fsys)}
	r.old = st.Listings(r.volume.Boot)
	if r.old != nil && !r.old.Intact() {
		r.old, r.changed = nil, true
	}
	if r.old != nil {
		r.at = r.old.Span.At
	}
	return r
}

// Relist looks at every directory of the tree, and reads those that have changed, for
// the listings of the next Dump. Without it, a Dump looks at those in which something
// was recorded.
func (t *Tree) Relist(ctx context.Context) error {
	st := t.loaded()
	r := t.newRelisting(st)
	if r.volume.Boot != "" && !t.names.Absent(t.opt.fsys) {
		if err := r.walk(ctx, ""); err != nil {
			return err
		}
	}
	if r.old != nil {
		r.skip(r.old.Span.End)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.relisted = r
	return nil
}

// walk decides about a directory and all that is below it.
func (r *relisting) walk(ctx context.Context, dir string) error {
	for _, sub := range r.decide(dir) {
		if disk.IsStateName(sub) { // no walk goes there
			continue
		}
		if err := r.walk(ctx, format.JoinPath(dir, sub)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// relistTouched looks at the directories in which something was recorded.
func (d *dump) relistTouched(said words.Layers) *relisting {
	r := d.newRelisting(d.st)
	if r.volume.Boot == "" {
		return r
	}
	r.rest = true
	if r.old != nil {
		r.entries = d.st.Trailer.Find(format.ListingsSection, "").Entries
	}
	last := "/" // no directory of a tree
	for dir := range said.All() {
		if dir != last {
			r.decide(dir)
			last = dir
		}
	}
	if r.old != nil {
		r.keep(r.old.Span.End)
	}
	return r
}

// relistNone leaves all listings out.
func (d *dump) relistNone() *relisting {
	return &relisting{changed: d.st.Header.Boot != ""}
}

// decide keeps the listing of a directory, makes a new one, or leaves it without. It
// returns the subdirectories.
func (r *relisting) decide(dir string) (subs []string) {
	dev, now, err := disk.StatDir(r.tree.full(dir))
	if r.old != nil {
		r.old.Enter(dir)
		value, damage := r.old.Find(format.ListingName)
		if damage == nil && value != nil {
			subs, _, same := format.ParseListing(slices.Clone(value), now, nil, nil)
			if err == nil && same && dev == r.volume.Dev {
				r.found(true)
				return subs
			}
			r.found(false)
		} else {
			r.pass(r.old.Pos)
		}
	}
	if err != nil || dev != r.volume.Dev {
		return nil
	}
	return r.read(dir)
}

// read lists a directory anew.
func (r *relisting) read(dir string) (subs []string) {
	dev, l, sound, err := disk.ReadDir(r.tree.full(dir))
	if err != nil || dev != r.volume.Dev {
		return nil
	}
	switch {
	case dir == "": // nearly every commit makes a name there
		return l.Subs
	case r.tree.begins(l):
		return nil
	case !sound || !final(l.Ctime, r.now):
		return l.Subs
	}
	if line := format.AppendListing(nil, dir, l); len(line) <= format.MaxListing {
		r.add(line)
	}
	return l.Subs
}

// add adds a new listing.
func (r *relisting) add(line []byte) {
	at := r.made.Offset()
	r.made.Buf = append(r.made.Buf, line...)
	r.join(listingPart{format.Span{At: at, End: r.made.Offset()}, true})
	r.made.Spill()
	r.entries++
	r.changed = true
}

// join adds a part, to the last one where it goes on with that.
func (r *relisting) join(p listingPart) {
	if n := len(r.parts); n > 0 && r.parts[n-1].made == p.made && r.parts[n-1].End == p.At {
		r.parts[n-1].End = p.End
	} else {
		r.parts = append(r.parts, p)
	}
}

// final reports whether every change that comes from now on bears another ctime. One
// of whole seconds has lost what would distinguish it, and within the tick of one change
// another may bear the same.
func final(ctime, now format.Time) bool {
	return ctime.Nsec != 0 && TickEnd(ctime).Compare(now) <= 0
}

// begins reports whether a tree of its own begins in a directory with these names.
func (t *Tree) begins(l *format.Listing) bool {
	return t.names.Base == "" && slices.ContainsFunc(slices.Concat(l.Subs, l.Others), func(name string) bool {
		return t.opt.marksTree(name)
	})
}

// found keeps the old listing that was found last, or leaves it out.
func (r *relisting) found(kept bool) {
	r.pass(r.old.Found)
	switch {
	case !kept && r.rest:
		r.entries--
	case kept && !r.rest:
		r.entries++
	}
	if kept {
		r.keep(r.old.Pos)
	} else {
		r.skip(r.old.Pos)
	}
}

// pass comes by the old listings before an offset, of directories that were not
// looked at.
func (r *relisting) pass(to int64) {
	if r.rest {
		r.keep(to)
	} else {
		r.skip(to)
	}
}

func (r *relisting) keep(to int64) {
	if to <= r.at {
		return
	}
	r.join(listingPart{Span: format.Span{At: r.at, End: to}})
	r.at = to
}

func (r *relisting) skip(to int64) {
	if to > r.at {
		r.at, r.changed = to, true
	}
}

// write writes the section, if there is anything in it.
func (r *relisting) write(out *format.SnapshotWriter) error {
	if r.entries == 0 {
		return nil
	}
	out.Begin(format.ListingsSection, "", "", false)
	end := r.made.End()
	made := r.made.Cursors()(format.Span{End: end})
	for _, p := range r.parts {
		from := r.old
		if p.made {
			from = made
		}
		from.Pos = p.At
		err := copyTo(out, from, p.End)
		if err != nil && p.made {
			return r.made.Failed(err)
		}
		if err != nil {
			return err
		}
	}
	out.End(r.entries)
	return nil
}

// Close gives up the temporary file.
func (r *relisting) Close() error {
	if r == nil || r.made == nil {
		return nil
	}
	return r.made.Close()
}
