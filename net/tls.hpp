#pragma once

// TLS on accepted sockets (RFC 8446, RFC 5246), by OpenSSL. TLS 1.2 and 1.3, HTTP/1.1 by ALPN.

#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <sys/uio.h>

struct ssl_ctx_st;
struct ssl_st;

namespace coterie::net {

/// One side of a connection, over a non-blocking descriptor that outlives it. The handshake is part
/// of the first reads and writes. One thread at a time.
class tls_stream {
public:
  enum class status {
    done,
    wants_read,  ///< call again when the descriptor can be read
    wants_write, ///< or written
    ended,
  };
  struct outcome {
    status what;
    std::size_t bytes = 0;
  };

  explicit tls_stream(ssl_st* stream) : ssl_(stream) {}

  outcome read_some(std::span<char> into);
  /// What was not taken has to come first in the next call.
  outcome write_some(std::span<const iovec> pieces);
  /// Bytes that came already: the descriptor will not tell of them.
  bool has_pending() const;
  /// Says that nothing more will be sent.
  void shutdown_send();

private:
  struct deleter {
    void operator()(ssl_st* stream) const noexcept;
  };

  outcome ended_or_waiting(int code);

  std::unique_ptr<ssl_st, deleter> ssl_;
  bool is_broken_ = false;
};

/// The certificate that a server shows. Thread-safe.
class tls_context {
public:
  /// From PEM files: the certificate with its chain, and its key. errc::invalid_argument names what
  /// is wrong with them.
  static result<std::shared_ptr<tls_context>> load(std::string certificate_file,
                                                   std::string key_file);

  /// Reads both files again, for connections from now on; a failure leaves it as it was.
  result<void> reload();

  /// For an accepted socket; null when OpenSSL has no memory for it.
  std::unique_ptr<tls_stream> accept(int descriptor) const;

private:
  tls_context(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  std::string certificate_file_;
  std::string key_file_;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> current_;
};

} // namespace coterie::net
