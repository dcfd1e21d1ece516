package wal

import "treefilter/store/internal/format"

// Count counts a sealed record.
func (w *Reader) Count(r format.Record, s *format.Session) {
	one := format.Tally{Takes: 1}
	if r.Kind == format.RecordSet {
		one = format.Tally{Sets: 1, Under: s.Hash}
	}
	if !w.Opened[s] {
		w.early = w.early.Plus(one)
		return
	}
	w.Tally = w.Tally.Plus(one)
}

// compare compares the records that an open record vouches for with those that
// were read. A set that is missing costs the stamp that it made, and the stamps
// of other configs that it may have replaced. Anything else that is missing may
// have taken any stamp away.
//
// Records that only a later open record makes readable may be counted or not:
// either the open record before them was bent since, or a crash had taken it, and
// then the process that vouched could not read them either.
func (w *Reader) compare(vouched format.Tally) {
	have := w.Tally
	if w.Tally, w.Vouched = vouched, vouched; vouched == have {
		w.early = format.Tally{}
		return
	}
	have, w.early = have.Plus(w.early), format.Tally{}
	if vouched == have {
		return
	}
	if vouched.Takes == have.Takes && vouched.Sets > have.Sets && vouched.Under != "" && (have.Sets == 0 || have.Under == vouched.Under) {
		w.HidesOthers = vouched.Under
	} else {
		w.fail(errLost)
		w.HidesAll = true
		w.said.Forget()
	}
}
