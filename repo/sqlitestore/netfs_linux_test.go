package sqlitestore

import (
	"strings"
	"testing"
)

func TestNetworkFileSystems(t *testing.T) {
	for _, c := range []struct {
		magic int64
		want  string // in the error; "" for none
	}{
		{0x6969, "NFS"},
		{0xff534d42, "CIFS"},
		{0xfe534d42, "SMB"},
		{0x517b, "SMB"},
		{0xef53, ""},     // ext4
		{0x58465342, ""}, // XFS
		{0x9123683e, ""}, // btrfs
		{0x01021994, ""}, // tmpfs
		{0x794c7630, ""}, // overlay, inside containers
		{0x65735546, ""}, // FUSE: local ones are common
	} {
		err := refuseKind("/data", c.magic)
		if (err != nil) != (c.want != "") || err != nil &&
			(!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/data")) {
			t.Errorf("magic %#x: want %q in the error, got %v", c.magic, c.want, err)
		}
	}
	if err := refuseNetwork(t.TempDir()); err != nil {
		t.Errorf("the temporary folder: %v", err)
	}
}
