/** A small archive as apt has it: stanzas, folded fields, alternatives, versions, virtual packages. */
export const ARCHIVE = `Package: cat-server
Version: 1.2-1
Depends: libcat2 (>= 1.0), cat-common (= 1.2-1),
 python3:any | perl
Recommends: cat-doc
Section: net
Description: serves cats over the network

Package: libcat2
Depends: libc6
Section: contrib/libs
Description: library of cats, shared files

Package: libcat-dev
Depends: libcat2, libc6-dev
Section: libdevel
Description: library of cats, development files

Package: cat-common
Section: net
Replaces: old-cat [amd64], older-cat
Description: files that cats have in common

Package: cat-doc
Suggests: cat-server
Section: doc
Description: documentation of cats

Package: libc6
Section: libs
Description: GNU C Library, shared libraries

Package: libc6-dev
Depends: libc6
Section: libdevel
Description: GNU C Library, development libraries

Package: python3
Depends: libc6
Provides: python-interpreter
Section: python
Description: interactive object-oriented language

Package: python3-cat
Depends: python3, libcat2
Section: python
Description: Python 3 bindings of the library of cats
`;
