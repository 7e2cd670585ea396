// Package output writes what a command has to say in the form that was asked for. It knows
// forms, terminals and files, and nothing of what lab is about: package report does.
package output
