# cmake -D OUTPUT=<file.cpp> -D SCHEMA=<folder> -P embed_schema.cmake
#
# Writes the numbered SQL files of a folder, in order, as the list of migrations.hpp. A file is
# NNNN_name.sql, numbered from 0001 without gaps, and never changed once released.

file(GLOB paths ${SCHEMA}/*.sql)
list(SORT paths)
set(entries "")
set(expected 0)
foreach(path IN LISTS paths)
  get_filename_component(stem ${path} NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z_]+)$")
    message(FATAL_ERROR "${path}: a migration is called NNNN_name.sql")
  endif()
  set(name ${CMAKE_MATCH_2})
  math(EXPR expected "${expected} + 1")
  string(REGEX REPLACE "^0+" "" number ${CMAKE_MATCH_1})
  if(NOT number EQUAL expected)
    message(FATAL_ERROR "${path}: the next migration has number ${expected}")
  endif()
  file(READ ${path} sql)
  file(SHA256 ${path} checksum)
  string(APPEND entries "  {${number}, \"${name}\", \"${checksum}\", R\"sql(${sql})sql\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Made from the files in storage/schema by embed_schema.cmake.
#include \"storage/migrations.hpp\"

namespace coterie::storage {

namespace {

constexpr migration list[] = {
${entries}};

} // namespace

std::span<const migration> sqlite_migrations() noexcept {
  return list;
}

} // namespace coterie::storage
")
