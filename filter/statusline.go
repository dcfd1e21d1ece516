package filter

import "encoding/json"

// MarshalJSON gives what --json prints.
func (s *TreeStatus) MarshalJSON() ([]byte, error) {
	if s.Err != nil {
		return marshal(struct {
			Root    string `json:"root"`
			Program string `json:"program"`
			Error   string `json:"error"`
		}{s.Root, s.Program, s.Err.Error()})
	}
	type file struct {
		Path    string       `json:"path"`
		Exists  bool         `json:"exists"`
		Stamps  *int64       `json:"stamps,omitempty"`
		Dumped  *json.Number `json:"dumped,omitempty"`
		Bytes   *int64       `json:"bytes,omitempty"`
		Records *int         `json:"records,omitempty"`
	}
	snapshot := file{Path: s.Snapshot, Exists: s.HasSnapshot, Stamps: &s.Stamps}
	if s.Dumped != (Time{}) {
		dumped := number(s.Dumped)
		snapshot.Dumped = &dumped
	}
	pending := map[string]int64{}
	for reason, n := range s.Pending {
		pending[reason.String()] = n
	}
	damage := []string{}
	for _, err := range s.Damage {
		damage = append(damage, err.Error())
	}
	return marshal(struct {
		Root       string           `json:"root"`
		Why        string           `json:"tree_why"`
		Program    string           `json:"program"`
		Stamps     int64            `json:"stamps"`
		Gone       int64            `json:"gone"`
		Void       int64            `json:"void"`
		Changes    []string         `json:"config_changes,omitempty"`
		Files      int64            `json:"files"`
		NeedsWork  int64            `json:"needs_work"`
		Pending    map[string]int64 `json:"pending"`
		Config     string           `json:"config,omitempty"`
		ConfigHash string           `json:"config_hash,omitempty"`
		Snapshot   file             `json:"snapshot"`
		WAL        file             `json:"wal"`
		Damage     []string         `json:"damage"`
	}{
		s.Root, s.Why, s.Program, s.Counting, s.Gone, s.Void, s.Changes, s.Files, s.NeedsWork(), pending,
		s.Config, s.ConfigHash, snapshot,
		file{Path: s.WAL, Exists: s.HasWAL, Bytes: &s.WALSize, Records: &s.Records},
		damage,
	})
}

// NeedsWork is how many files are pending, for whatever reason.
func (s *TreeStatus) NeedsWork() (n int64) {
	for _, files := range s.Pending {
		n += files
	}
	return n
}
