package disk

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// volumeKind is what is known of a type of file system.
type volumeKind struct {
	name  string
	local bool
	// lasting says that statfs names the one file system, from a number that
	// is stored in it. Others make it from that of the device, which may be
	// another after each boot, or draw a new one for each mount.
	lasting bool
}

// volumeKinds are those whose mtimes this machine's kernel sets, and that no other
// machine writes to; and a few that are not, for their names. What is not listed may
// be a network file system (ceph, lustre, gpfs, afs and more to come).
var volumeKinds = map[int64]volumeKind{
	unix.EXT4_SUPER_MAGIC:      {"ext", true, true}, // and its older brothers
	unix.BTRFS_SUPER_MAGIC:     {"btrfs", true, true},
	unix.BCACHEFS_SUPER_MAGIC:  {"bcachefs", true, true},
	0x2fc12fc1:                 {"zfs", true, true},
	unix.XFS_SUPER_MAGIC:       {"xfs", true, false},
	unix.F2FS_SUPER_MAGIC:      {"f2fs", true, false},
	unix.TMPFS_MAGIC:           {"tmpfs", true, false},
	unix.RAMFS_MAGIC:           {"ramfs", true, false},
	unix.OVERLAYFS_SUPER_MAGIC: {"overlay", true, false},
	unix.MSDOS_SUPER_MAGIC:     {"fat", true, false},
	unix.EXFAT_SUPER_MAGIC:     {"exfat", true, false},
	unix.SQUASHFS_MAGIC:        {"squashfs", true, false},
	unix.EROFS_SUPER_MAGIC_V1:  {"erofs", true, false},
	unix.ISOFS_SUPER_MAGIC:     {"iso9660", true, false},
	unix.UDF_SUPER_MAGIC:       {"udf", true, false},
	unix.ECRYPTFS_SUPER_MAGIC:  {"ecryptfs", true, false},
	unix.NILFS_SUPER_MAGIC:     {"nilfs", true, false},
	unix.REISERFS_SUPER_MAGIC:  {"reiserfs", true, false},
	0x3153464a:                 {"jfs", true, false},
	0x482b:                     {"hfsplus", true, false},
	0x5346544e:                 {"ntfs", true, false},
	0x7366746e:                 {"ntfs3", true, false},
	0x24051905:                 {"ubifs", true, false},
	unix.NFS_SUPER_MAGIC:       {"nfs", false, false},
	unix.CIFS_SUPER_MAGIC:      {"cifs", false, false},
	unix.SMB2_SUPER_MAGIC:      {"smb", false, false},
	unix.FUSE_SUPER_MAGIC:      {"fuse", false, false},
	unix.V9FS_MAGIC:            {"9p", false, false},
}

func (OS) Volume(path string) Volume {
	var st unix.Stat_t
	var fs unix.Statfs_t
	if retry(func() error { return unix.Stat(path, &st) }) != nil || retry(func() error { return unix.Statfs(path, &fs) }) != nil {
		return Volume{}
	}
	magic := int64(fs.Type) & 0xffffffff // signed on some machines
	kind, known := volumeKinds[magic]
	if !known {
		kind.name = fmt.Sprintf("%x", magic)
	}
	// An NFS server is asked for its own time when a file is touched.
	v := Volume{Dev: uint64(st.Dev), ID: kind.name, Local: kind.local, Clock: kind.local || magic == unix.NFS_SUPER_MAGIC, Shared: !kind.local}
	if ctimesCount[magic] {
		v.Boot = boot()
	}
	if a, b := uint32(fs.Fsid.Val[0]), uint32(fs.Fsid.Val[1]); kind.lasting && a|b != 0 {
		v.ID += fmt.Sprintf("-%08x%08x", a, b)
	}
	return v
}
