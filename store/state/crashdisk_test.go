package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// A simulated disk under simulated processes, for the crash and fault tests.
//
// What it assumes of a real disk, and of the file system on it. Whatever is
// not promised here may happen at a crash, and the tests make it happen.
//
//  1. A sector of 512 bytes is written whole or not at all.
//  2. A sync of a file that succeeds makes durable what was written to it and
//     truncated before, data and length. It says nothing of the file's name.
//  3. A sync of a directory that succeeds makes durable every name that was
//     made, moved and removed in it before. It says nothing of the files' data.
//  4. What was not synced may be on the disk or not, each change for itself and
//     in any order: of the sectors of a write any, with zeros or what an older
//     file left there in the place of the others; a length without the data.
//  5. A change to a directory is there as a whole or not at all: a rename never
//     shows both names or none. It is there only when what it rests on is: a
//     file that was not made is not renamed.
//  6. A sync that fails makes nothing durable, and what it should have written
//     is lost for good, even to a later sync that succeeds.
//  7. Inode numbers of removed files are used again at once.
//  8. A lock ends with its open file, and that with its process. All locks are
//     gone after a crash.
const sectorSize = 512

// simDisk is one directory on one disk.
type simDisk struct {
	live    map[string]*simInode // as programs see it
	durable map[string]*simInode
	pending []dirOp
	inodes  map[uint64]*simInode // those that exist or are open
	stale   []byte               // what the file that was removed last held
	claims  map[uint64]*simProc
	version int // grows with each change
	now     format.Time
}

type simInode struct {
	ino     uint64
	links   uint64
	opens   int
	mtime   format.Time
	mode    fs.FileMode
	data    []byte // as programs see it
	durable []byte
	pending []dataOp
	lost    []format.Span // written, and then a sync failed
	lock    *simFile
}

type dirOp struct {
	kind     opKind
	from, to string
	inode    *simInode
}

type opKind byte

const (
	opCreate opKind = iota
	opRename
	opRemove
)

// dataOp is a write, or where data is nil a truncation.
type dataOp struct {
	at   int64
	data []byte
}

func newSimDisk(files map[string][]byte) *simDisk {
	d := &simDisk{
		live: map[string]*simInode{}, durable: map[string]*simInode{}, inodes: map[uint64]*simInode{},
		claims: map[uint64]*simProc{}, now: format.Time{Sec: 1_800_000_000},
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for dir := filepath.Dir(name); disk.IsStateName(filepath.Base(dir)) && d.live[dir] == nil; dir = filepath.Dir(dir) {
			i := d.newInode()
			i.mode = fs.ModeIrregular
			d.live[dir], d.durable[dir] = i, i
		}
		i := d.newInode()
		i.data, i.durable = files[name], files[name]
		d.live[name], d.durable[name] = i, i
	}
	return d
}

func (d *simDisk) newInode() *simInode {
	ino := uint64(11)
	for d.inodes[ino] != nil {
		ino++
	}
	i := &simInode{ino: ino, links: 1, mode: 0o644, mtime: d.now}
	d.inodes[ino] = i
	return i
}

func (d *simDisk) change(op dirOp) {
	d.version++
	d.pending = append(d.pending, op)
}

func (d *simDisk) unlinked(i *simInode) {
	if i == nil {
		return
	}
	i.links--
	d.stale = i.data
	d.forget(i)
}

func (d *simDisk) forget(i *simInode) {
	if i.links == 0 && i.opens == 0 {
		delete(d.inodes, i.ino)
	}
}

// files is what the programs see.
func (d *simDisk) files() map[string][]byte {
	files := map[string][]byte{}
	for name, i := range d.live {
		if i.mode.IsRegular() {
			files[name] = i.data
		}
	}
	return files
}

// simProc is a process: it holds locks and can be stopped between two
// operations. It is the file system as that process sees it.
type simProc struct {
	disk  *simDisk
	files []*simFile
	dead  bool

	syncedWork int // how often it made its work durable

	// Where several run at once: see simulation.
	sim    *simulation
	resume chan bool
	ready  func() bool
	done   bool

	atEnd func() // what the kernel does with its files, nil for nothing

	// fault, where not nil, is asked before every operation.
	fault func(op, path string) error
}

var _ disk.FS = (*simProc)(nil)

// killed ends the goroutine of a process.
type killed struct{}

// step is called before each operation: here other processes may come in
// between, and here a process may die. ready reports whether it can go on.
func (p *simProc) step(op, path string, ready func() bool) error {
	if p.dead {
		panic(killed{})
	}
	if p.sim != nil {
		p.ready = ready
		p.sim.parked <- p
		if !<-p.resume {
			p.kill()
			panic(killed{})
		}
	}
	if p.fault != nil {
		if err := p.fault(op, path); err != nil {
			return &fs.PathError{Op: op, Path: path, Err: err}
		}
	}
	return nil
}

// kill is what the kernel does for a process that has ended.
func (p *simProc) kill() {
	p.dead = true
	if p.atEnd != nil {
		p.atEnd()
	}
	for _, f := range slices.Clone(p.files) {
		f.release()
	}
	maps.DeleteFunc(p.disk.claims, func(_ uint64, by *simProc) bool { return by == p })
}

func (p *simProc) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	if err := p.step("open", path, nil); err != nil {
		return nil, err
	}
	d := p.disk
	i := d.live[path]
	switch {
	case i == nil && (flag&os.O_CREATE == 0 || !d.hasParent(d.live, path)):
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	case i != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EEXIST}
	case i == nil:
		i = d.newInode()
		i.mode = perm
		d.live[path] = i
		d.change(dirOp{opCreate, "", path, i})
	}
	f := &simFile{proc: p, inode: i, path: path}
	i.opens++
	p.files = append(p.files, f)
	return f, nil
}

func (p *simProc) Lstat(path string) (disk.Info, error) {
	if err := p.step("lstat", path, nil); err != nil {
		return disk.Info{}, err
	}
	i := p.disk.live[path]
	if i == nil && !disk.IsStateName(filepath.Base(path)) {
		// The one directory that there is.
		return disk.Info{Mode: fs.ModeIrregular, Dev: 1, Ino: 2}, nil
	}
	if i == nil {
		return disk.Info{}, &fs.PathError{Op: "lstat", Path: path, Err: syscall.ENOENT}
	}
	return i.info(), nil
}

func (i *simInode) info() disk.Info {
	return disk.Info{Size: int64(len(i.data)), Mtime: i.mtime, Mode: i.mode, Dev: 1, Ino: i.ino, Links: i.links}
}

func (p *simProc) Rename(from, to string) error {
	if err := p.step("rename", to, nil); err != nil {
		return err
	}
	d := p.disk
	i := d.live[from]
	if i == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.ENOENT}
	}
	d.unlinked(d.live[to])
	delete(d.live, from)
	d.live[to] = i
	d.change(dirOp{opRename, from, to, i})
	return nil
}

func (p *simProc) Remove(path string) error {
	if err := p.step("remove", path, nil); err != nil {
		return err
	}
	d := p.disk
	i := d.live[path]
	if i == nil {
		return &fs.PathError{Op: "remove", Path: path, Err: syscall.ENOENT}
	}
	if len(d.in(path)) > 0 {
		return &fs.PathError{Op: "remove", Path: path, Err: syscall.ENOTEMPTY}
	}
	delete(d.live, path)
	d.unlinked(i)
	d.change(dirOp{opRemove, path, "", i})
	return nil
}

func (p *simProc) Mkdir(path string) error {
	if err := p.step("mkdir", path, nil); err != nil {
		return err
	}
	d := p.disk
	if d.live[path] != nil {
		return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.EEXIST}
	}
	if !d.hasParent(d.live, path) {
		return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOENT}
	}
	i := d.newInode()
	i.mode = fs.ModeIrregular
	d.live[path] = i
	d.change(dirOp{opCreate, "", path, i})
	return nil
}

// hasParent reports whether what a name lies in is there, as the root of a tree always is.
func (d *simDisk) hasParent(names map[string]*simInode, path string) bool {
	dir := filepath.Dir(path)
	return !disk.IsStateName(filepath.Base(dir)) || names[dir] != nil && d.hasParent(names, dir)
}

func (p *simProc) List(path string) ([]string, error) {
	if err := p.step("list", path, nil); err != nil {
		return nil, err
	}
	if p.disk.live[path] == nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	}
	return p.disk.in(path), nil
}

// in lists the names in a directory.
func (d *simDisk) in(path string) (names []string) {
	for name := range d.live {
		if filepath.Dir(name) == path {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names
}

func (p *simProc) Volume(string) disk.Volume { return disk.Volume{} }

// Temp makes what no other process sees, and no crash leaves.
func (p *simProc) Temp() (disk.TempFile, error) { return &simTemp{}, nil }

type simTemp struct{ content []byte }

func (f *simTemp) Write(b []byte) (int, error) {
	f.content = append(f.content, b...)
	return len(b), nil
}

func (f *simTemp) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(f.content).ReadAt(b, at)
}

func (f *simTemp) Close() error { return nil }

func (p *simProc) Process() disk.Process  { return disk.Process{} }
func (p *simProc) Gone(disk.Process) bool { return false }

func (p *simProc) Chown(path string, uid, gid int) error { return p.step("chown", path, nil) }

func (p *simProc) OpenWork(dir string) (disk.WorkDir, error) {
	if err := p.step("openwork", dir, nil); err != nil {
		return nil, err
	}
	return simWork{p, dir}, nil
}

// simWork is a directory that work is done in. The work itself is not simulated:
// only that it is made durable before what is said of it.
type simWork struct {
	proc *simProc
	dir  string
}

func (w simWork) SyncAll() error {
	if err := w.proc.step("syncwork", w.dir, nil); err != nil {
		return err
	}
	w.proc.syncedWork++
	return nil
}

func (w simWork) Claim(key uint64) (bool, error) {
	if err := w.proc.step("claim", w.dir, nil); err != nil {
		return false, err
	}
	claims := w.proc.disk.claims
	if by := claims[key]; by != nil && by != w.proc {
		return false, nil
	}
	claims[key] = w.proc
	return true, nil
}

func (w simWork) Release(key uint64) error {
	if err := w.proc.step("release", w.dir, nil); err != nil {
		return err
	}
	delete(w.proc.disk.claims, key)
	return nil
}

func (w simWork) Close() error { return w.proc.step("close", w.dir, nil) }

func (p *simProc) SyncDir(path string) error {
	if err := p.step("syncdir", path, nil); err != nil {
		return err
	}
	p.disk.syncDir(path)
	return nil
}

// syncDir makes the names in one directory durable.
func (d *simDisk) syncDir(path string) {
	in := func(name string) bool { return filepath.Dir(name) == path }
	d.durable = maps.Clone(d.durable)
	maps.DeleteFunc(d.durable, func(name string, _ *simInode) bool { return in(name) })
	for name, i := range d.live {
		if in(name) {
			d.durable[name] = i
		}
	}
	d.pending = slices.DeleteFunc(slices.Clone(d.pending), func(op dirOp) bool { return in(op.from) || in(op.to) })
	d.version++
}

type simFile struct {
	proc   *simProc
	inode  *simInode
	path   string
	at     int64 // where Read goes on
	closed bool
}

func (f *simFile) release() {
	if f.closed {
		return
	}
	f.closed = true
	f.inode.opens--
	if f.inode.lock == f {
		f.inode.lock = nil
	}
	f.proc.disk.forget(f.inode)
	f.proc.files = slices.DeleteFunc(f.proc.files, func(o *simFile) bool { return o == f })
}

// Close closes even where it reports an error, as Linux does.
func (f *simFile) Close() error {
	err := f.proc.step("close", f.path, nil)
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.path, Err: fs.ErrClosed}
	}
	f.release()
	return err
}

func (f *simFile) Read(b []byte) (int, error) {
	if err := f.proc.step("read", f.path, nil); err != nil {
		return 0, err
	}
	if f.at >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.inode.data[f.at:])
	f.at += int64(n)
	return n, nil
}

func (f *simFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.proc.step("read", f.path, nil); err != nil {
		return 0, err
	}
	if at < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.path, Err: syscall.EINVAL}
	}
	return bytes.NewReader(f.inode.data).ReadAt(b, at)
}

func (f *simFile) Seek(offset int64, whence int) (int64, error) {
	if err := f.proc.step("seek", f.path, nil); err != nil {
		return 0, err
	}
	if whence != io.SeekStart {
		return 0, fmt.Errorf("seek from %d is not simulated", whence)
	}
	f.at = offset
	return offset, nil
}

// shortWrite is a fault that lets a write through in part.
type shortWrite struct{ error }

func (e shortWrite) Unwrap() error { return e.error }

// Write appends.
func (f *simFile) Write(b []byte) (int, error) {
	n := len(b)
	op := "write"
	if bytes.HasPrefix(b, []byte("- open: ")) && bytes.Contains(b, []byte(format.AfterHead)) && bytes.Count(b, []byte{'\n'}) == 1 {
		op = "vouch"
	}
	err := f.proc.step(op, f.path, nil)
	if err != nil {
		n = 0
		if errors.As(err, &shortWrite{}) {
			n = len(b) / 2
		}
	}
	if n > 0 {
		at := int64(len(f.inode.data))
		f.inode.data = append(slices.Clip(f.inode.data), b[:n]...)
		f.changed(dataOp{at, bytes.Clone(b[:n])})
	}
	return n, err
}

func (f *simFile) changed(op dataOp) {
	f.proc.disk.version++
	f.inode.pending = append(f.inode.pending, op)
	f.inode.mtime = f.proc.disk.now
}

func (f *simFile) Truncate(size int64) error {
	if err := f.proc.step("truncate", f.path, nil); err != nil {
		return err
	}
	f.inode.data = slices.Clip(f.inode.data[:size])
	f.changed(dataOp{at: size})
	return nil
}

func (f *simFile) Stat() (disk.Info, error) {
	if err := f.proc.step("stat", f.path, nil); err != nil {
		return disk.Info{}, err
	}
	return f.inode.info(), nil
}

func (f *simFile) Sync() error {
	err := f.proc.step("sync", f.path, nil)
	i := f.inode
	if err == nil {
		i.durable = bytes.Clone(i.data)
		for _, l := range i.lost {
			clear(i.durable[min(l.At, int64(len(i.data))):min(l.End, int64(len(i.data)))])
		}
	} else {
		for _, op := range i.pending {
			i.lost = append(i.lost, format.Span{At: op.at, End: op.at + int64(len(op.data))})
		}
	}
	i.pending = nil
	f.proc.disk.version++
	return err
}

func (f *simFile) Touch() error {
	if err := f.proc.step("touch", f.path, nil); err != nil {
		return err
	}
	now := time.Now()
	f.inode.mtime = format.Time{Sec: now.Unix(), Nsec: int32(now.Nanosecond())}
	return nil
}

func (f *simFile) TryLock() (bool, error) {
	// Trying again until it is free takes no time here.
	free := func() bool { return f.inode.lock == nil || f.inode.lock == f }
	if err := f.proc.step("lock", f.path, free); err != nil {
		return false, err
	}
	if !free() {
		return false, nil
	}
	f.inode.lock = f
	return true, nil
}

func (f *simFile) Unlock() error {
	if err := f.proc.step("unlock", f.path, nil); err != nil {
		return err
	}
	if f.inode.lock == f {
		f.inode.lock = nil
	}
	return nil
}

func (f *simFile) Chown(uid, gid int) error { return f.proc.step("chown", f.path, nil) }

func (f *simFile) Like(info disk.Info) error {
	if err := f.proc.step("like", f.path, nil); err != nil {
		return err
	}
	f.inode.mode = info.Mode
	return nil
}

// crashStates calls yield with what may be found on the disk when the machine
// stops now: each legal subset of what was not synced (assumption 4 and 5).
func (d *simDisk) crashStates(yield func(map[string][]byte)) {
	seen := map[string]bool{}
	contents := map[*simInode][][]byte{}
	for dir := range d.dirStates() {
		names := slices.Sorted(maps.Keys(dir))
		state := map[string][]byte{}
		var product func(n int)
		product = func(n int) {
			if n == len(names) {
				if key := stateKey(names, state); !seen[key] {
					seen[key] = true
					yield(maps.Clone(state))
				}
				return
			}
			i := dir[names[n]]
			if !i.mode.IsRegular() {
				product(n + 1)
				return
			}
			if contents[i] == nil {
				contents[i] = i.crashContents(d.stale)
			}
			for _, content := range contents[i] {
				state[names[n]] = content
				product(n + 1)
			}
		}
		product(0)
	}
}

func stateKey(names []string, state map[string][]byte) string {
	var key []byte
	for _, name := range names {
		key = fmt.Appendf(key, "%s %d ", name, len(state[name]))
		key = append(key, state[name]...)
	}
	return string(key)
}

// dirStates yields the durable directory with each subset of the pending
// changes.
func (d *simDisk) dirStates() func(func(map[string]*simInode) bool) {
	n := min(len(d.pending), 10)
	return func(yield func(map[string]*simInode) bool) {
		for subset := range 1 << n {
			dir := maps.Clone(d.durable)
			for k, op := range d.pending {
				if k < n && subset>>k&1 == 0 {
					continue
				}
				switch {
				case op.kind == opCreate:
					dir[op.to] = op.inode
				case dir[op.from] != op.inode:
				case op.kind == opRename:
					delete(dir, op.from)
					dir[op.to] = op.inode
				case op.kind == opRemove:
					delete(dir, op.from)
				}
			}
			maps.DeleteFunc(dir, func(name string, _ *simInode) bool { return !d.hasParent(dir, name) })
			if !yield(dir) {
				return
			}
		}
	}
}

// crashContents lists what a file may hold after a crash: each subset of the
// operations since the last sync, one of them torn in each way.
func (i *simInode) crashContents(stale []byte) [][]byte {
	seen := map[string]bool{}
	var all [][]byte
	add := func(b []byte) {
		if !seen[string(b)] {
			seen[string(b)] = true
			all = append(all, b)
		}
	}
	n := min(len(i.pending), 8)
	for subset := range 1 << n {
		// torn is the operation that arrives in part, n for none.
		for torn := range n + 1 {
			if torn < n && (subset>>torn&1 == 0 || i.pending[torn].data == nil) {
				continue
			}
			sectors := 0
			if torn < n {
				sectors = i.pending[torn].sectors()
			}
			for _, kept := range tornWays(sectors) {
				for _, fill := range [][]byte{nil, stale} {
					content := bytes.Clone(i.durable)
					for k, op := range i.pending {
						if k >= n || subset>>k&1 == 1 {
							var mask []bool
							if k == torn {
								mask = kept
							}
							content = op.apply(content, mask, fill)
						}
					}
					add(content)
					// The length came, the last sectors' data did not.
					if torn < n && torn == n-1 && len(content) < len(i.data) {
						add(extend(content, int64(len(i.data)), fill))
					}
				}
			}
		}
	}
	return all
}

func (op dataOp) sectors() int {
	last := op.at + int64(len(op.data)) - 1
	return int(last/sectorSize-op.at/sectorSize) + 1
}

// tornWays lists which of n sectors may have arrived: any subset of a few, the
// beginnings, the ends and all but one of many.
func tornWays(n int) [][]bool {
	if n == 0 {
		return [][]bool{nil}
	}
	var ways [][]bool
	way := func(kept func(k int) bool) {
		w := make([]bool, n)
		for k := range w {
			w[k] = kept(k)
		}
		ways = append(ways, w)
	}
	if n <= 4 {
		for subset := range 1 << n {
			way(func(k int) bool { return subset>>k&1 == 1 })
		}
		return ways
	}
	for cut := range n {
		way(func(k int) bool { return k < cut })
		way(func(k int) bool { return k >= cut })
		way(func(k int) bool { return k != cut })
	}
	return ways
}

// apply carries the operation out, as far as its sectors were kept; nil keeps
// all. Sectors between, never written, hold the fill.
func (op dataOp) apply(content []byte, kept []bool, fill []byte) []byte {
	if op.data == nil {
		return content[:min(op.at, int64(len(content)))]
	}
	first := op.at / sectorSize
	for k := range op.sectors() {
		if kept != nil && !kept[k] {
			continue
		}
		from := max(op.at, (first+int64(k))*sectorSize)
		to := min(op.at+int64(len(op.data)), (first+int64(k)+1)*sectorSize)
		content = extend(content, to, fill)
		copy(content[from:to], op.data[from-op.at:to-op.at])
	}
	return content
}

func extend(content []byte, size int64, fill []byte) []byte {
	for int64(len(content)) < size {
		b := byte(0)
		if len(content) < len(fill) {
			b = fill[len(content)]
		}
		content = append(content, b)
	}
	return content
}

// simRoot is the directory that a simDisk plays.
var simRoot = filepath.FromSlash("/sim")

var simNames = disk.NamesOf(simRoot, disk.DefaultProgram)

func isTemp(path string) bool { return filepath.Ext(path) == disk.TempSuffix }

func isSnapshotTemp(path string) bool { return path == simNames.Snapshot+disk.TempSuffix }
