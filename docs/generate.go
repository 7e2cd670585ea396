// Package docs holds the documentation; parts of it follow from the code.
package docs

//go:generate go run ./generate
