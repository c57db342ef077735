#include "net/token_issuer.hpp"

#include "actors/capabilities.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::size_t secret_file_bytes_max = 4'096;

/// Which key a token was signed with, as a name that does not tell the key.
std::string key_id_of(const std::string& secret) {
  return actors::public_person("a key for access tokens: " + secret).substr(0, 16);
}

std::string_view text_of(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

/// A descriptor that closes itself.
class open_file {
public:
  open_file(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~open_file() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  bool is_open() const noexcept {
    return fd_ >= 0;
  }
  int fd() const noexcept {
    return fd_;
  }

private:
  int fd_;
};

result<std::string> read_secret(const std::string& path, int fd) {
  std::array<char, secret_file_bytes_max> buffer{};
  const auto got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0)
    return system_failure("read " + path, errno);
  std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  while (bytes.ends_with('\n') || bytes.ends_with('\r'))
    bytes.remove_suffix(1);
  if (bytes.size() < token_secret_bounds::bytes_min)
    return {errc::invalid_argument,
            path + " is damaged: it should hold a secret of at least "
              + std::to_string(token_secret_bounds::bytes_min)
              + " bytes. Remove it to make a new one; everybody then has to log in again"};
  return std::string(bytes);
}

} // namespace

token_issuer::token_issuer(token_settings settings,
                           std::shared_ptr<const actors::revocations> revoked)
    : settings_(std::move(settings)),
      key_id_(key_id_of(settings_.secret)),
      rules_{settings_.secret, settings_.issuer, settings_.audience, settings_.previous_secret,
             settings_.leeway},
      revoked_(std::move(revoked)) {}

result<access_token> token_issuer::issue(const actors::user_view& user, login_id login,
                                         timestamp now) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  const json::object claims{{"iss", settings_.issuer},
                            {"aud", settings_.audience},
                            {"sub", user.id.str()},
                            {"id", storage::short_id(user.id)},
                            {"email", user.email},
                            {"username", user.username},
                            {"isPremium", false},
                            {"role", user.is_admin ? "admin" : "user"},
                            {"sid", login.str()},
                            {"iat", seconds.count()},
                            {"exp", (seconds + settings_.life).count()}};
  auto text = sign_jwt(claims, settings_.secret, key_id_);
  if (!text)
    return text.why();
  return access_token{std::move(*text), settings_.life};
}

result<signed_in> token_issuer::verify(std::string_view token, timestamp now) const {
  const auto claims = verify_jwt(rules_, token, now);
  if (!claims)
    return claims.why();
  const auto user = user_id::parse(text_of(*claims, "sub"));
  const auto login = login_id::parse(text_of(*claims, "sid"));
  const auto* issued = claims->if_contains("iat");
  if (!user || !login || !issued || !issued->is_int64())
    return {errc::invalid_token, "the token is refused: it is not one of this server's"};
  const timestamp issued_at{std::chrono::seconds{issued->get_int64()}};
  if (revoked_ && revoked_->is_revoked(*login, issued_at))
    return {errc::invalid_token, "the token is refused: its login has ended"};
  return signed_in{*user, *login, std::string(text_of(*claims, "username")),
                   text_of(*claims, "role") == "admin"};
}

result<void> check_token_secret(std::string_view setting, std::string_view secret) {
  using bounds = token_secret_bounds;
  if (secret.empty() || secret.size() >= bounds::bytes_min)
    return {};
  if (secret.size() < bounds::bytes_least)
    return {errc::invalid_argument, std::string(setting) + ": a secret for tokens has at least "
                                      + std::to_string(bounds::bytes_min)
                                      + " bytes; make one with: openssl rand -base64 32"};
  log::warning("the secret for tokens is short: whoever has one token can try to guess it",
               {{"setting", setting}, {"bytes", secret.size()}, {"should_be", bounds::bytes_min}});
  return {};
}

result<std::string> load_or_make_secret(const std::string& path) {
  {
    const open_file known(path, O_RDONLY | O_NOFOLLOW);
    if (known.is_open())
      return read_secret(path, known.fd());
    if (errno != ENOENT)
      return system_failure("open " + path, errno);
  }
  const auto secret = random_token(token_secret_bounds::bytes_min);
  // Written aside and linked: another process sees a whole file or none, and a crash leaves none.
  const auto aside = path + "." + random_token(6);
  {
    const open_file made(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!made.is_open())
      return system_failure("open " + aside, errno);
    const auto sent = ::write(made.fd(), secret.data(), secret.size());
    if (sent != static_cast<ssize_t>(secret.size()) || ::fsync(made.fd()) != 0) {
      const int why = errno;
      ::unlink(aside.c_str());
      return system_failure("write " + aside, why);
    }
  }
  const bool is_first = ::link(aside.c_str(), path.c_str()) == 0;
  const int why = errno;
  ::unlink(aside.c_str());
  if (is_first)
    return secret;
  if (why != EEXIST)
    return system_failure("link " + path, why);
  const open_file theirs(path, O_RDONLY | O_NOFOLLOW);
  if (!theirs.is_open())
    return system_failure("open " + path, errno);
  return read_secret(path, theirs.fd());
}

} // namespace coterie::net
