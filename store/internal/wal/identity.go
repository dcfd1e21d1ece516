package wal

import "treefilter/store/internal/format"

// belongs takes the id of a record that names its log: the first is that of the log.
// Another one is in a block of an older log, come back after a crash.
func (w *Reader) belongs(id string) error {
	if w.ID == "" {
		w.ID = id
	}
	if w.ID != id {
		return format.ErrDamaged
	}
	return nil
}

func (w *Reader) open(body []byte, crc uint32) {
	if crc != format.Crc32Of(body) {
		w.fail(format.ErrDamaged)
		return
	}
	plain, vouched, vouches := format.CutAfter(body)
	if s := w.raw[string(plain)]; s != nil {
		w.Current = s
		if vouches {
			w.compare(vouched)
		}
		return
	}
	r, err := w.parse(body)
	s := r.Session
	if err == nil {
		err = w.belongs(s.ID)
	}
	if err != nil {
		w.fail(err)
		return
	}
	w.Current = w.meet(s)
	if s.After == nil || vouches {
		w.raw[string(plain)] = w.Current
	}
	if s.After != nil {
		w.compare(*s.After)
	}
}

// ofSegment takes a record that only a segment has.
func (w *Reader) ofSegment(body []byte, crc uint32) {
	if crc != format.Crc32Of(body) {
		w.fail(format.ErrDamaged)
		return
	}
	r, err := format.ParseSegmentRecord(body)
	if err == nil {
		err = w.belongs(r.ID)
	}
	if err != nil {
		w.fail(err)
		return
	}
	w.segment(r, w.lineNo)
	if r.Kind == format.SegmentEnd {
		w.compare(r.Tally)
	}
}
