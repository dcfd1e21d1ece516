package disk

import "golang.org/x/sys/windows"

// Volume knows the drives of this machine from all else. What lies on a share bears the
// time of the server, and a file there that is touched that of this machine. Dev does no more
// than tell the two apart.
func (OS) Volume(path string) Volume {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Volume{}
	}
	root := make([]uint16, len(path)+windows.MAX_PATH)
	if windows.GetVolumePathName(name, &root[0], uint32(len(root))) != nil {
		return Volume{}
	}
	switch windows.GetDriveType(&root[0]) {
	case windows.DRIVE_FIXED, windows.DRIVE_REMOVABLE, windows.DRIVE_RAMDISK:
		return Volume{Dev: 1, Local: true, Clock: true}
	case windows.DRIVE_REMOTE:
		return Volume{Dev: 2, Shared: true}
	}
	return Volume{}
}
