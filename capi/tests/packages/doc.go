// Package packages tests what is handed out: the Debian packages, the service in them, and that the same sources give the
// same bytes wherever they are built.
package packages
