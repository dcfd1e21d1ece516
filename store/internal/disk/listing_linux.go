package disk

import (
	"os"
	"slices"
	"strings"
	"sync"

	"treefilter/store/internal/format"

	"golang.org/x/sys/unix"
)

// ctimesCount holds the types of file systems whose kernel moves a directory's ctime on
// whenever a name in it comes or goes, where nobody else can set it. A test has shown
// it of each (TestListingFileSystems), and f2fs was not to be had. Network file systems
// and FUSE ask others, an overlay has two below it.
var ctimesCount = map[int64]bool{
	unix.EXT4_SUPER_MAGIC:  true,
	unix.XFS_SUPER_MAGIC:   true,
	unix.BTRFS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC:       true,
}

// boot identifies the present boot of the machine, "" where the kernel does not say.
var boot = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
})

// CoarseNow reads the clock that the kernel takes ctimes from. It lags behind the present
// while the machine is held up, but a change from now on bears this time or a later one.
func CoarseNow() format.Time {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &ts); err != nil {
		return format.Time{}
	}
	return format.Time{Sec: int64(ts.Sec), Nsec: int32(ts.Nsec)}
}

// StatDir looks at what a path leads to, which is to be a directory.
func StatDir(path string) (dev uint64, d format.DirStat, err error) {
	info, err := OS{}.Lstat(path)
	return info.Dev, info.dirStat(), err
}

func (i Info) dirStat() format.DirStat {
	return format.DirStat{Ino: i.Ino, Ctime: i.Ctime, Mtime: i.Mtime}
}

// ReadDir lists a directory. It is sound where the names were those of one moment, and
// depend on the directory alone: in an encrypted one they depend on whether its key
// is there.
func ReadDir(path string) (dev uint64, l *format.Listing, sound bool, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, nil, false, err
	}
	defer f.Close()
	before, err := statxDir(f)
	if err != nil {
		return 0, nil, false, err
	}
	entries, err := f.ReadDir(-1)
	if err != nil {
		return 0, nil, false, err
	}
	after, err := statxDir(f)
	if err != nil {
		return 0, nil, false, err
	}
	l = &format.Listing{DirStat: infoOf(&before).dirStat()}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		if e.IsDir() {
			l.Subs = append(l.Subs, e.Name())
		} else {
			l.Others = append(l.Others, e.Name())
		}
	}
	sound = infoOf(&after).dirStat() == l.DirStat && before.Attributes&unix.STATX_ATTR_ENCRYPTED == 0
	return infoOf(&before).Dev, l, sound, nil
}

func statxDir(f *os.File) (st unix.Statx_t, err error) {
	err = retry(func() error {
		return unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, &st)
	})
	return st, err
}
