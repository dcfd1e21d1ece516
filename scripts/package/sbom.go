package main

import (
	"fmt"
	"os"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/generate/bin"
	"github.com/rs/zerolog"
)

// writeSBOM writes which modules are in the binary.
func (t *target) writeSBOM(binary, file string) error {
	// The program cyclonedx-gomod would add its own checksum, which depends on
	// where that was built.
	generator, err := bin.NewGenerator(binary, bin.WithLogger(zerolog.Nop()),
		bin.WithVersionOverride(t.version), bin.WithIncludeStdlib(true))
	if err != nil {
		return fmt.Errorf("SBOM: %w", err)
	}
	bom, err := generator.Generate()
	if err != nil {
		return fmt.Errorf("SBOM: %w", err)
	}
	bom.Metadata.Timestamp = t.committed.Format(time.RFC3339)
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := cyclonedx.NewBOMEncoder(f, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", file, err)
	}
	return f.Close()
}
