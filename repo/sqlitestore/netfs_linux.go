package sqlitestore

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// networked are the file systems on which locks, and the shared memory of the write-ahead log, do
// not work between machines.
var networked = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.SMB2_SUPER_MAGIC: "SMB",
	unix.CIFS_SUPER_MAGIC: "CIFS",
}

// refuseNetwork fails when a folder lies on a network file system.
func refuseNetwork(dir string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fmt.Errorf("file system of %s: %w", dir, err)
	}
	//nolint:gosec,unconvert // the magic number has 32 bits, the field differs by platform
	return refuseKind(dir, int64(uint32(s.Type)))
}

func refuseKind(dir string, magic int64) error {
	if name, ok := networked[magic]; ok {
		return fmt.Errorf("%s lies on a network file system (%s), where SQLite loses data: use a "+
			"local disk, or MongoDB", dir, name)
	}
	return nil
}
