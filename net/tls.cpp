#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace coterie::net {

namespace {

// One TLS record (RFC 8446, 5.1).
constexpr std::size_t record_bytes_max = 16U << 10;

constexpr std::string_view http_1_1 = "\x08http/1.1"; // as ALPN writes it: RFC 7301, 3.1

std::string last_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0)
    return "unknown reason";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

/// HTTP/1.1 when the client offers it; whoever offers something else only is told so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const auto found = SSL_select_next_proto(&chosen, out_size,
                                           reinterpret_cast<const unsigned char*>(http_1_1.data()),
                                           static_cast<unsigned>(http_1_1.size()), in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

result<std::shared_ptr<SSL_CTX>> make_context(const std::string& certificate,
                                              const std::string& key) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!made)
    return failure{errc::system, "TLS: " + last_error()};
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  // A write that was taken in part goes on from a buffer that may have moved and grown.
  SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                 | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(made.get(), choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(made.get(), certificate.c_str()) != 1)
    return failure{errc::invalid_argument,
                   "tls.certificate: cannot use " + certificate + ": " + last_error()};
  if (SSL_CTX_use_PrivateKey_file(made.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    return failure{errc::invalid_argument, "tls.key: cannot use " + key + ": " + last_error()};
  if (SSL_CTX_check_private_key(made.get()) != 1)
    return failure{errc::invalid_argument, "tls.key: " + key + " is not the key of " + certificate};
  return made;
}

} // namespace

void tls_stream::deleter::operator()(ssl_st* stream) const noexcept {
  SSL_free(stream);
}

tls_stream::outcome tls_stream::ended_or_waiting(int code) {
  switch (SSL_get_error(ssl_.get(), code)) {
  case SSL_ERROR_WANT_READ:
    return {status::wants_read};
  case SSL_ERROR_WANT_WRITE:
    return {status::wants_write};
  case SSL_ERROR_ZERO_RETURN:
    return {status::ended};
  default:
    is_broken_ = true; // nothing more may be called, not even shutdown
    ERR_clear_error();
    return {status::ended};
  }
}

tls_stream::outcome tls_stream::read_some(std::span<char> into) {
  std::size_t all = 0;
  while (all < into.size() && !is_broken_) {
    ERR_clear_error();
    std::size_t got = 0;
    const int code = SSL_read_ex(ssl_.get(), into.data() + all, into.size() - all, &got);
    if (code != 1) {
      const auto why = ended_or_waiting(code);
      return all > 0 ? outcome{status::done, all} : why; // an end is told by the next call
    }
    all += got;
  }
  return all > 0 ? outcome{status::done, all} : outcome{status::ended};
}

tls_stream::outcome tls_stream::write_some(std::span<const iovec> pieces) {
  std::array<char, record_bytes_max> record; // small pieces share one
  std::size_t all = 0;
  std::size_t piece = 0;
  std::size_t taken = 0; // of that piece
  while (!is_broken_) {
    std::size_t filled = 0;
    auto next = piece;
    auto from = taken;
    while (next < pieces.size() && filled < record.size()) {
      const auto size = std::min(pieces[next].iov_len - from, record.size() - filled);
      std::memcpy(record.data() + filled, static_cast<const char*>(pieces[next].iov_base) + from,
                  size);
      filled += size;
      from += size;
      if (from == pieces[next].iov_len) {
        ++next;
        from = 0;
      }
    }
    if (filled == 0)
      return {status::done, all};
    ERR_clear_error();
    std::size_t sent = 0;
    const int code = SSL_write_ex(ssl_.get(), record.data(), filled, &sent);
    if (code != 1) {
      const auto why = ended_or_waiting(code);
      return all > 0 && why.what != status::ended ? outcome{status::done, all} : why;
    }
    all += sent;
    for (auto left = sent; left > 0;) {
      const auto step = std::min(pieces[piece].iov_len - taken, left);
      taken += step;
      left -= step;
      if (taken == pieces[piece].iov_len) {
        ++piece;
        taken = 0;
      }
    }
  }
  return {status::ended};
}

bool tls_stream::has_pending() const {
  return !is_broken_ && SSL_pending(ssl_.get()) > 0;
}

void tls_stream::shutdown_send() {
  if (is_broken_ || SSL_is_init_finished(ssl_.get()) != 1)
    return;
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) < 0)
    ERR_clear_error();
}

result<std::shared_ptr<tls_context>> tls_context::load(std::string certificate_file,
                                                       std::string key_file) {
  std::shared_ptr<tls_context> made(
    new tls_context(std::move(certificate_file), std::move(key_file)));
  if (auto loaded = made->reload(); !loaded)
    return loaded.why();
  return made;
}

result<void> tls_context::reload() {
  auto fresh = make_context(certificate_file_, key_file_);
  if (!fresh)
    return fresh.why();
  const std::lock_guard guard(mutex_);
  current_ = std::move(*fresh);
  return {};
}

std::unique_ptr<tls_stream> tls_context::accept(int descriptor) const {
  std::shared_ptr<ssl_ctx_st> context;
  {
    const std::lock_guard guard(mutex_);
    context = current_;
  }
  SSL* stream = SSL_new(context.get()); // keeps the context
  if (stream == nullptr || SSL_set_fd(stream, descriptor) != 1) {
    SSL_free(stream);
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_accept_state(stream);
  return std::make_unique<tls_stream>(stream);
}

} // namespace coterie::net
