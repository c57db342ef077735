#include "net/static_files.hpp"

#include <sodium.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace coterie::net {

namespace {

using bounds = static_files_bounds;

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> types{
  {{".html", "text/html; charset=utf-8"},
   {".js", "text/javascript; charset=utf-8"},
   {".mjs", "text/javascript; charset=utf-8"},
   {".css", "text/css; charset=utf-8"},
   {".json", "application/json"},
   {".map", "application/json"},
   {".svg", "image/svg+xml"},
   {".txt", "text/plain; charset=utf-8"},
   {".webmanifest", "application/manifest+json"},
   {".wasm", "application/wasm"},
   {".png", "image/png"},
   {".jpg", "image/jpeg"},
   {".webp", "image/webp"},
   {".ico", "image/x-icon"},
   {".woff", "font/woff"},
   {".woff2", "font/woff2"},
   {".ttf", "font/ttf"}}};

std::string_view type_of(const std::filesystem::path& file) {
  const auto extension = file.extension().string();
  const auto known = std::ranges::find(types, std::string_view(extension),
                                       &std::pair<std::string_view, std::string_view>::first);
  return known == types.end() ? "application/octet-stream" : known->second;
}

/// In the gzip format (RFC 1952); empty when that is not smaller.
std::string compress(std::string_view bytes) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (bytes.size() < bounds::gzip_bytes_min
      || deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY)
           != Z_OK)
    return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  // zlib takes its input without const and does not write to it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool is_whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return is_whole && out.size() < bytes.size() ? out : std::string();
}

std::string tag_of(std::string_view bytes) {
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  std::array<char, 2 * hash.size() + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return '"' + std::string(hex.data()) + '"';
}

bool is_hidden(const std::filesystem::path& path) {
  return std::ranges::any_of(path, [](const auto& part) { return part.string().starts_with('.'); });
}

failure cannot_serve(const std::string& directory, const std::string& why) {
  return {errc::invalid_argument, directory + ": " + why};
}

} // namespace

result<std::shared_ptr<const static_files>> static_files::load(const std::string& directory) {
  namespace fs = std::filesystem;
  auto made = std::make_shared<static_files>();
  std::error_code failed;
  std::size_t bytes = 0;
  for (fs::recursive_directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed)) {
    const auto path = at->path().lexically_relative(directory);
    if (at->is_symlink() || !at->is_regular_file() || is_hidden(path))
      continue;
    std::ifstream in(at->path(), std::ios::binary);
    entry file;
    file.bytes.assign(std::istreambuf_iterator<char>(in), {});
    if (!in.good() && !in.eof())
      return cannot_serve(directory, "cannot read " + path.string());
    bytes += file.bytes.size();
    if (bytes > bounds::bytes_max || made->files_.size() == bounds::files_max)
      return cannot_serve(directory, "more than 2000 files or 64 MiB");
    file.type = type_of(path);
    file.tag = tag_of(file.bytes);
    file.gzip = compress(file.bytes);
    made->files_.emplace(path.generic_string(), std::move(file));
  }
  if (failed)
    return cannot_serve(directory, failed.message());
  if (!made->files_.contains("index.html"))
    return cannot_serve(directory, "there is no index.html");
  return std::shared_ptr<const static_files>(std::move(made));
}

std::optional<response> static_files::serve(const request& from, std::string_view path) const {
  const auto known = files_.find(path.empty() ? "index.html" : path);
  if (known == files_.end())
    return std::nullopt;
  const auto& file = known->second;
  response answer;
  answer.content_type = file.type;
  answer.headers = {{"ETag", file.tag},
                    {"Cache-Control", path.starts_with("assets/")
                                        ? "public, max-age=31536000, immutable"
                                        : "no-cache"},
                    {"Vary", "Accept-Encoding"},
                    {"X-Frame-Options", "SAMEORIGIN"}};
  if (from.header("if-none-match").find(file.tag) != std::string_view::npos) {
    answer.status = 304;
    answer.content_type.clear();
    return answer;
  }
  const bool takes_gzip = from.header("accept-encoding").find("gzip") != std::string_view::npos;
  if (takes_gzip && !file.gzip.empty()) {
    answer.headers.emplace_back("Content-Encoding", "gzip");
    answer.body = file.gzip;
  } else {
    answer.body = file.bytes;
  }
  return answer;
}

} // namespace coterie::net
