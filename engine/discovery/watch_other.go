//go:build !linux

package discovery

func watchLinks(changed func(), spawn func(func())) (stop func()) { return watchByTime(changed, spawn) }
