package filter

import "fmt"

// Shard is one machine's share of a run: the files whose path in their tree hashes to
// K of N. K counts from 1, as with jest, playwright and nextest. The zero Shard is
// everything.
//
// Stamps know nothing of shards, so N may change from run to run.
type Shard struct{ K, N int }

// Check reports why there can be no such shard.
func (s Shard) Check() error {
	switch {
	case s == Shard{}:
	case s.N < 1:
		return fmt.Errorf("shard %d of %d: there is at least one", s.K, s.N)
	case s.K < 1 || s.K > s.N:
		return fmt.Errorf("shard %d of %d: the first is 1, the last is %d", s.K, s.N, s.N)
	}
	return nil
}

// divides reports whether there are files that the shard does not hold.
func (s Shard) divides() bool { return s.N > 1 }

// holds reports whether a file is in the shard, given by its path relative to its
// tree.
func (s Shard) holds(rel string) bool {
	return !s.divides() || shardHash(rel)%uint64(s.N) == uint64(s.K-1)
}

// holdsBelow is holds for a name in a directory relative to the tree, "" for its root.
func (s Shard) holdsBelow(dir, name string) bool {
	if dir != "" {
		name = dir + "/" + name
	}
	return s.holds(name)
}

// shardHash is frozen in store/FORMAT.md: machines of different versions must not
// disagree about whose a file is. It is the 64-bit FNV-1a of the bytes of the path,
// whose low bits alone would follow the last letters of names too closely, and so the
// finalizer of MurmurHash3 after it.
func shardHash(rel string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(rel) {
		h = (h ^ uint64(rel[i])) * 0x100000001b3
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
