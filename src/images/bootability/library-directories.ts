/** Where the GNU C library and what loads modules look, by themselves; Debian's come first, elsewhere they do not exist. */
export const libraryDirectories = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
] as const;
