#include "actors/document_files.hpp"

#include "actors/room.hpp"
#include "actors/run.hpp"
#include "actors/text_merge.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "crdt/varint.hpp"

#include <sodium.h>

#include <algorithm>

namespace coterie::actors {

namespace {

constexpr std::uint64_t details_format = 1;

std::string to_hex(std::string_view raw) {
  std::string hex;
  for (const char c : raw) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<std::uint8_t>(c);
    hex += digits[byte >> 4];
    hex += digits[byte & 0xf];
  }
  return hex;
}

std::string from_hex(std::string_view hex) {
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0)
      return {};
    raw += static_cast<char>(high * 16 + low);
  }
  return raw;
}

std::optional<std::string> string_at(const crdt::shared_type& map, std::string_view key) {
  const auto value = map.get(key);
  const auto* plain = value ? std::get_if<crdt::any>(&*value) : nullptr;
  const auto* text = plain ? std::get_if<std::string>(&plain->content) : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

/// The type under a key; a dead handle when there is none.
crdt::shared_type type_at(const crdt::shared_type& map, std::string_view key) {
  const auto value = map.get(key);
  const auto* type = value ? std::get_if<crdt::shared_type>(&*value) : nullptr;
  return type ? *type : crdt::shared_type{};
}

/// `name` with a number in front of its extension.
std::string numbered(std::string_view path, std::size_t number) {
  const auto slash = path.rfind('/');
  const auto dot = path.rfind('.');
  const bool has_extension = dot != path.npos && (slash == path.npos ? dot > 0 : dot > slash + 1);
  const auto end = has_extension ? dot : path.size();
  return std::string(path.substr(0, end)) + " (" + std::to_string(number) + ')'
         + std::string(path.substr(end));
}

} // namespace

std::string_view to_string(file_kind kind) noexcept {
  switch (kind) {
  case file_kind::binary:
    return "binary";
  case file_kind::directory:
    return "directory";
  case file_kind::text:
    break;
  }
  return "text";
}

std::string hash_content(std::string_view content) {
  std::string hash(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(content.data()), content.size(),
                     nullptr, 0);
  return hash;
}

document_files::document_files(crdt::doc& document)
    : document_(document),
      files_(document.root("files")),
      meta_(document.root("meta")),
      subscription_(document.observe([this](const crdt::change& what) { on_change(what); })) {}

// -- following the document ---------------------------------------------------------------------

void document_files::on_change(const crdt::change& what) {
  for (const auto& type : what.types()) {
    if (type == files_) {
      for (auto& id : what.keys(files_))
        changed_.insert(std::move(id));
      is_stale_ = tree_changed_ = true;
    } else if (type == meta_) {
      tree_changed_ = true;
    } else if (const auto parent = type.parent(); !parent) {
      if (type.name().empty() && !root_id_.empty()) {
        changed_.insert(root_id_);
        text_sizes_.erase(root_id_);
      }
    } else if (*parent == files_) {
      changed_.emplace(type.key());
      text_sizes_.erase(std::string(type.key()));
      is_stale_ = tree_changed_ = true;
    } else if (type.key() == "text") {
      const auto above = parent->parent();
      if (above && *above == files_) {
        changed_.emplace(parent->key());
        text_sizes_.erase(std::string(parent->key()));
      }
    }
  }
}

void document_files::stamp(timestamp at) {
  for (const auto& id : std::exchange(changed_, {})) {
    const auto known = stamps_.find(id);
    if (!entry(id).is_alive()) {
      if (known != stamps_.end()) {
        retired_ = std::max(retired_, known->second.version);
        stamps_.erase(known);
      }
      continue;
    }
    // A new file goes on from all that were removed, of which one may have had its path.
    const stamp_record stamp{(known == stamps_.end() ? retired_ : known->second.version) + 1, at};
    stamps_[id] = stamp;
    if (const auto path = paths_.find(id); path != paths_.end()) {
      auto& file = by_path_.find(path->second)->second;
      file.version = stamp.version;
      file.modified_at = at;
    }
  }
}

crdt::shared_type document_files::entry(std::string_view id) const {
  return type_at(files_, id);
}

std::optional<document_file> document_files::read_entry(const std::string& id) const {
  const auto map = entry(id);
  auto path = string_at(map, "path");
  if (!path || complain_about_path(*path))
    return std::nullopt;
  document_file file;
  file.id = id;
  file.path = std::move(*path);
  const auto kind = string_at(map, "kind").value_or("text");
  if (kind == "directory")
    file.kind = file_kind::directory;
  file.is_root = kind == "text" && string_at(map, "root") == "";
  if (kind == "binary") {
    file.kind = file_kind::binary;
    file.blob = from_hex(string_at(map, "blob").value_or(""));
    if (file.blob.size() != crypto_generichash_BYTES)
      return std::nullopt;
    const auto value = map.get("size");
    const auto* plain = value ? std::get_if<crdt::any>(&*value) : nullptr;
    const auto* size = plain ? std::get_if<double>(&plain->content) : nullptr;
    if (size && *size >= 0 && *size <= static_cast<double>(room_bounds::file_bytes_max))
      file.bytes = static_cast<std::uint64_t>(*size);
  }
  if (const auto known = stamps_.find(id); known != stamps_.end()) {
    file.version = known->second.version;
    file.modified_at = known->second.at;
  }
  return file;
}

/// Whether `path` leads through a file.
bool document_files::lies_in_file(std::string_view path) const {
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const auto above = by_path_.find(path.substr(0, slash));
    if (above != by_path_.end() && above->second.kind != file_kind::directory)
      return true;
  }
  return false;
}

std::string document_files::free_path(const document_file& file) const {
  std::string path = file.path;
  for (std::size_t number = 2; by_path_.contains(path); ++number)
    path = numbered(file.path, number);
  return path;
}

void document_files::refresh() {
  if (!std::exchange(is_stale_, false))
    return;
  by_path_.clear();
  paths_.clear();
  root_id_.clear();
  auto ids = files_.keys();
  std::ranges::sort(ids);
  const auto is_gone = [&](const auto& known) {
    return !std::ranges::binary_search(ids, known.first);
  };
  std::erase_if(stamps_, is_gone);
  std::erase_if(text_sizes_, is_gone);
  for (const auto& id : ids) {
    if (by_path_.size() == room_bounds::files_max)
      break;
    auto file = read_entry(id);
    if (!file || (file->is_root && !root_id_.empty()))
      continue;
    if (file->is_root)
      root_id_ = id;
    file->path = free_path(*file);
    if (complain_about_path(file->path))
      continue; // the number made it too long
    paths_.emplace(id, file->path);
    auto path = file->path;
    by_path_.emplace(std::move(path), std::move(*file));
  }
  // A file that another one's path runs through: the deeper one is not shown. By path the upper
  // ones come first, and one that is hidden itself lies in a file that is not.
  for (auto at = by_path_.begin(); at != by_path_.end();) {
    if (!lies_in_file(at->first)) {
      ++at;
      continue;
    }
    paths_.erase(at->second.id);
    at = by_path_.erase(at);
  }
}

// -- reading ------------------------------------------------------------------------------------

const document_files::table& document_files::all() {
  refresh();
  return by_path_;
}

const document_file* document_files::find(std::string_view path) {
  refresh();
  const auto at = by_path_.find(path);
  return at == by_path_.end() ? nullptr : &at->second;
}

const document_file* document_files::find_by_id(std::string_view id) {
  refresh();
  const auto path = paths_.find(id);
  return path == paths_.end() ? nullptr : find(path->second);
}

const document_file* document_files::main() {
  const auto id = string_at(meta_, "main");
  return id ? find_by_id(*id) : nullptr;
}

std::string document_files::meta(std::string_view key) const {
  return string_at(meta_, key).value_or("");
}

crdt::shared_type document_files::text_type(const document_file& file) const {
  return file.is_root ? document_.root("") : type_at(entry(file.id), "text");
}

std::string document_files::text_of(const document_file& file) {
  return file.kind == file_kind::text ? text_type(file).to_string() : std::string{};
}

std::uint64_t document_files::size_of(const document_file& file) {
  if (file.kind != file_kind::text)
    return file.bytes;
  const auto known = text_sizes_.find(file.id);
  if (known != text_sizes_.end())
    return known->second;
  return text_sizes_[file.id] = text_of(file).size();
}

std::uint64_t document_files::total_size() {
  std::uint64_t bytes = 0;
  for (const auto& [path, file] : all())
    bytes += size_of(file);
  return bytes;
}

std::vector<std::string> document_files::blobs() {
  std::vector<std::string> hashes;
  for (const auto& [path, file] : all())
    if (file.kind == file_kind::binary)
      hashes.push_back(file.blob);
  return hashes;
}

// -- writing ------------------------------------------------------------------------------------

result<void> document_files::check_new_path(std::string_view path) {
  if (all().size() >= room_bounds::files_max)
    return {errc::too_large,
            "a room has at most " + std::to_string(room_bounds::files_max) + " files"};
  return check_place(path);
}

result<void> document_files::check_place(std::string_view path) {
  if (auto complaint = complain_about_path(path))
    return {errc::invalid_argument, "path: " + *complaint};
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const auto* above = find(path.substr(0, slash));
    if (above && above->kind != file_kind::directory)
      return {errc::invalid_argument, "path: " + above->path + " is a file, not a directory"};
  }
  refresh();
  const auto below = by_path_.lower_bound(std::string(path) + '/');
  if (below != by_path_.end() && below->first.starts_with(std::string(path) + '/'))
    return {errc::invalid_argument, "path: " + std::string(path) + " is a directory"};
  return {};
}

result<crdt::shared_type> document_files::add_entry(crdt::transaction& edit,
                                                    const std::string& path, file_kind kind,
                                                    const std::string& id) {
  auto made =
    edit.set_type(files_, id.empty() ? format_uuid(random_uuid()) : id, crdt::type_kind::map);
  if (!made)
    return made;
  if (auto done = edit.set(*made, "path", path); !done)
    return std::move(done).why();
  if (auto done = edit.set(*made, "kind", to_string(kind)); !done)
    return std::move(done).why();
  return made;
}

result<void> document_files::put_text(crdt::transaction& edit, const crdt::shared_type& map,
                                      std::string_view text) {
  const auto body = edit.set_type(map, "text", crdt::type_kind::text);
  return body ? edit.insert_text(*body, 0, text) : result<void>{body.why()};
}

result<void> document_files::put_blob(crdt::transaction& edit, const crdt::shared_type& map,
                                      std::string_view hash, std::uint64_t bytes) {
  if (auto done = edit.set(map, "blob", to_hex(hash)); !done)
    return done;
  return edit.set(map, "size", static_cast<double>(bytes));
}

result<void> document_files::create_text(crdt::transaction& edit, const std::string& path,
                                         std::string_view text, const std::string& id) {
  const auto made = add_entry(edit, path, file_kind::text, id);
  if (!made)
    return made.why();
  auto done = put_text(edit, *made, text);
  if (!done)
    (void)edit.erase(files_, std::string(made->key()));
  return done;
}

result<void> document_files::create_root_text(crdt::transaction& edit, const std::string& path,
                                              std::string_view text) {
  const auto made = add_entry(edit, path, file_kind::text);
  if (!made)
    return made.why();
  if (auto done = edit.set(*made, "root", ""); !done)
    return done;
  return text.empty() ? result<void>{} : edit.insert_text(document_.root(""), 0, text);
}

result<void> document_files::create_binary(crdt::transaction& edit, const std::string& path,
                                           const std::string& hash, std::uint64_t bytes) {
  const auto made = add_entry(edit, path, file_kind::binary);
  return made ? put_blob(edit, *made, hash, bytes) : result<void>{made.why()};
}

bool document_files::has_entry(std::string_view id) const {
  return files_.get(id).has_value();
}

result<void> document_files::create_directory(crdt::transaction& edit, const std::string& path,
                                              const std::string& id) {
  const auto made = add_entry(edit, path, file_kind::directory, id);
  return made ? result<void>{} : result<void>{made.why()};
}

result<void> document_files::merge_text(crdt::transaction& edit, const document_file& file,
                                        std::string_view base, std::string_view wanted) {
  const auto body = text_type(file);
  if (file.is_root)
    return coterie::actors::merge_text(edit, body, base, wanted);
  if (!body.is_alive() || body.kind() != crdt::type_kind::text)
    return put_text(edit, entry(file.id), wanted); // whoever made the entry left it out
  return coterie::actors::merge_text(edit, body, base, wanted);
}

result<void> document_files::replace_with_text(crdt::transaction& edit, const document_file& file,
                                               std::string_view text) {
  const auto map = entry(file.id);
  if (auto done = put_text(edit, map, text); !done)
    return done;
  (void)edit.erase(map, "blob");
  (void)edit.erase(map, "size");
  return edit.set(map, "kind", to_string(file_kind::text));
}

result<void> document_files::replace_with_binary(crdt::transaction& edit, const document_file& file,
                                                 const std::string& hash, std::uint64_t bytes) {
  const auto map = entry(file.id);
  if (auto done = put_blob(edit, map, hash, bytes); !done)
    return done;
  (void)edit.erase(map, "text");
  (void)edit.erase(map, "root");
  return edit.set(map, "kind", to_string(file_kind::binary));
}

result<void> document_files::rename(crdt::transaction& edit, const document_file& file,
                                    const std::string& path) {
  return edit.set(entry(file.id), "path", path);
}

void document_files::remove(crdt::transaction& edit, const document_file& file) {
  if (file.is_root)
    if (const auto body = document_.root(""); body.length() > 0)
      (void)edit.remove(body, 0, body.length());
  (void)edit.erase(files_, file.id);
}

void document_files::set_main(crdt::transaction& edit, const document_file& file) {
  set_meta(edit, "main", file.id);
}

void document_files::set_meta(crdt::transaction& edit, std::string_view key,
                              std::string_view value) {
  if (string_at(meta_, key) != value)
    (void)edit.set(meta_, key, value);
}

// -- details ------------------------------------------------------------------------------------

std::string document_files::encode_details() {
  crdt::writer out;
  out.write_varuint(details_format);
  out.write_varuint(retired_);
  refresh();
  out.write_varuint(paths_.size());
  for (const auto& [id, path] : paths_) {
    const auto known = stamps_.find(id);
    const auto stamp = known == stamps_.end() ? stamp_record{} : known->second;
    out.write_byte_string(id);
    out.write_varuint(stamp.version);
    out.write_varuint(static_cast<std::uint64_t>(stamp.at.time_since_epoch().count()));
  }
  return out.take();
}

result<void> document_files::decode_details(std::string_view details) {
  if (details.empty())
    return {};
  crdt::reader in(details);
  if (in.read_varuint() != details_format)
    return {errc::internal, "the details of a document are of another format"};
  retired_ = in.read_varuint();
  const auto count = in.read_count(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string id(in.read_byte_string());
    stamp_record stamp;
    stamp.version = in.read_varuint();
    stamp.at = timestamp{timestamp::duration{static_cast<std::int64_t>(in.read_varuint())}};
    stamps_[id] = stamp;
  }
  is_stale_ = true;
  if (in.failed())
    return {errc::internal, "the details of a document are damaged"};
  return {};
}

} // namespace coterie::actors
