package main

import (
	"context"
	"io"
)

func measureMemory(context.Context, *config, string, io.Writer) error { return nil }
