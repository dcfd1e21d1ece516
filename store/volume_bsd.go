//go:build darwin || freebsd || dragonfly

package store

import "golang.org/x/sys/unix"

// volume: what statfs says beside the type is the number of a device here,
// which may be another after each boot.
func (osFS) volume(path string) volume {
	var st unix.Stat_t
	var fs unix.Statfs_t
	if retry(func() error { return unix.Stat(path, &st) }) != nil || retry(func() error { return unix.Statfs(path, &fs) }) != nil {
		return volume{}
	}
	local := uint64(fs.Flags)&uint64(unix.MNT_LOCAL) != 0
	return volume{dev: uint64(st.Dev), id: unix.ByteSliceToString(fs.Fstypename[:]), local: local, clock: local}
}
