//go:build darwin || freebsd || dragonfly

package disk

import "golang.org/x/sys/unix"

// Volume: what statfs says beside the type is the number of a device here,
// which may be another after each boot.
func (OS) Volume(path string) Volume {
	var st unix.Stat_t
	var fs unix.Statfs_t
	if retry(func() error { return unix.Stat(path, &st) }) != nil || retry(func() error { return unix.Statfs(path, &fs) }) != nil {
		return Volume{}
	}
	local := uint64(fs.Flags)&uint64(unix.MNT_LOCAL) != 0
	return Volume{Dev: uint64(st.Dev), ID: unix.ByteSliceToString(fs.Fstypename[:]), Local: local, Clock: local, Shared: !local}
}
