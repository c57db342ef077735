# Third-party parts; ARCHITECTURE.md says why each was chosen. Imported targets are system
# includes, so that their warnings are not ours.

set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(CAF 0.18.7 EXACT REQUIRED COMPONENTS core io)
find_package(spdlog REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(LibArchive 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
