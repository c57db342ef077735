#include "actors/accounts.hpp"

#include "actors/account_rules.hpp"
#include "actors/audit.hpp"
#include "actors/blocking_worker.hpp"
#include "actors/capabilities.hpp"
#include "actors/hash_queue.hpp"
#include "actors/store.hpp"
#include "actors/supervision.hpp"
#include "base/address.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "storage/checks.hpp"

#include <algorithm>

namespace coterie::actors {

namespace {

constexpr std::size_t refresh_secret_bytes = 32;
constexpr std::size_t refresh_token_bytes_max = 128;

user_view view_of(const storage::user_record& user) {
  return {
    user.id,         user.email,     user.username,  user.first_name,
    user.last_name,  user.is_admin,  user.is_active, user.profile.empty() ? "{}" : user.profile,
    user.created_at, user.updated_at};
}

failure wrong_credentials() {
  return {errc::unauthorized, "Invalid email or password"};
}

failure wrong_refresh_token() {
  return {errc::invalid_token, "Invalid refresh token"};
}

failure name_is_taken(const storage::taken_names& taken) {
  return {errc::conflict, taken.email      ? "An account with this email address exists already"
                          : taken.username ? "This username is taken"
                                           : ""};
}

/// What a refresh token says: `<login>.<secret>`.
struct refresh_parts {
  login_id login;
  std::string secret;
};

std::optional<refresh_parts> parse_refresh_token(const std::string& token) {
  const auto dot = token.find('.');
  if (token.size() > refresh_token_bytes_max || dot == std::string::npos)
    return std::nullopt;
  const auto login = login_id::parse(std::string_view(token).substr(0, dot));
  if (!login || dot + 1 == token.size())
    return std::nullopt;
  return refresh_parts{*login, token.substr(dot + 1)};
}

result<storage::user_record> find_by_name(storage::backend& db, const std::string& name) {
  if (name.find('@') != std::string::npos)
    return db.find_user_by_email(name);
  if (const auto id = user_id::parse(name))
    return db.find_user(*id);
  if (name.size() == storage::short_id_digits)
    if (auto found = db.find_user_by_short_id(name); found || found.why().code != errc::not_found)
      return found;
  return db.find_user_by_username(name);
}

/// A new login, and the only copy of its secret.
struct fresh_login {
  storage::login_record record;
  std::string token;
};

fresh_login make_login(user_id user, const sign_in_source& from, timestamp now,
                       std::chrono::milliseconds life) {
  const auto secret = random_token(refresh_secret_bytes);
  storage::login_record login;
  login.id = login_id::random();
  login.user = user;
  login.secret_hash = hash_token(secret);
  auto client = to_utf8(from.agent);
  std::erase_if(client, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  login.client = utf8_prefix(client, storage::login_client_bytes_max);
  login.created_at = login.last_used_at = now;
  login.expires_at = now + life;
  return {login, login.id.str() + '.' + secret};
}

struct accounts_state {
  static inline const char* name = "coterie.accounts";

  template <class T>
  using promise = caf::typed_response_promise<T>;

  accounts_state(accounts_actor::pointer self_pointer, account_settings given, bool detached)
      : self(self_pointer), settings(std::move(given)), guard(settings.rules) {
    install_handlers(self, name);
    for (std::size_t i = 0; i < account_limits::hashers; ++i)
      idle_hashers.push_back(spawn_blocking_worker(self->home_system(), detached));
    hashers = idle_hashers;
  }

  ~accounts_state() {
    for (const auto& hasher : hashers)
      caf::anon_send_exit(hasher, caf::exit_reason::user_shutdown);
  }

  accounts_actor::behavior_type make_behavior() {
    return {
      [this](const register_user& m) { return on_register(m); },
      [this](const log_in& m) { return on_log_in(m); },
      [this](const refresh_login& m) { return on_refresh(m); },
      [this](const log_out& m) { return on_log_out(m); },
      [this](const log_out_everywhere& m) { return on_log_out_everywhere(m); },
      [this](const find_user& m) { return on_find(m); },
      [this](const find_users& m) { return on_find_all(m); },
      [this](const change_profile& m) { return on_change_profile(m); },
      [this](const change_password& m) { return on_change_password(m); },
      [this](const list_logins& m) { return on_list_logins(m); },
    };
  }

  // -- a new account

  caf::result<login_granted> on_register(const register_user& m) {
    auto wish = std::make_shared<register_user>(m);
    wish->first_name = clean_name(m.first_name);
    wish->last_name = clean_name(m.last_name);
    if (auto ok = accept(problems_of(*wish)); !ok)
      return to_error(ok.why());
    auto answer = self->make_response_promise<login_granted>();
    hash(m.from, {[] { return result<void>{}; },
                  [wish, cost = settings.cost]() -> result<password_checked> {
                    auto made = hash_password(wish->password, cost);
                    if (!made)
                      return made.why();
                    return password_checked{true, std::move(*made)};
                  },
                  [this, wish, answer](result<password_checked> hashed) mutable {
                    if (!hashed)
                      return answer.deliver(to_error(hashed.why()));
                    create(*wish, hashed->new_hash, answer);
                  }});
    return answer;
  }

  void create(const register_user& wish, const std::string& password_hash,
              promise<login_granted> answer) {
    storage::user_record user;
    user.id = user_id::random();
    user.email = wish.email;
    user.username = wish.username;
    user.first_name = wish.first_name;
    user.last_name = wish.last_name;
    user.password_hash = password_hash;
    user.created_at = user.updated_at = settings.now();
    const auto login = make_login(user.id, wish.from, settings.now(), settings.refresh_life);
    const auto granted = grant(user, login);
    ask_store<void>(
      [user, login = login.record, until = ends_at()](storage::backend& db) -> result<void> {
        const auto taken = db.create_user(user);
        if (!taken)
          return taken.why();
        if (taken->any())
          return name_is_taken(*taken);
        const auto ended = db.save_login(login, login.created_at, until);
        return ended ? result<void>{} : result<void>(ended.why());
      },
      [granted, answer, from = wish.from](result<void> stored) mutable {
        if (!stored)
          return answer.deliver(to_error(stored.why()));
        note("register", from, granted.user.id, granted.login);
        answer.deliver(std::move(granted));
      });
  }

  // -- logging in

  caf::result<login_granted> on_log_in(const log_in& m) {
    const login_guard::attempt attempt{network_of(m.from.address), storage::fold_case(m.name)};
    const bool can_be_right = m.name.size() <= account_bounds::email_bytes_max
                              && m.password.size() <= account_bounds::password_max;
    if (!can_be_right)
      return to_error(wrong_credentials());
    if (auto ok = admit(attempt, m.from); !ok)
      return to_error(ok.why());
    auto answer = self->make_response_promise<login_granted>();
    ask_store<storage::user_record>(
      [login_name = m.name](storage::backend& db) { return find_by_login(db, login_name); },
      [this, m, attempt, answer](result<storage::user_record> found) mutable {
        if (!found && found.why().code != errc::not_found)
          return answer.deliver(to_error(found.why()));
        check_login(m, attempt, found ? *found : storage::user_record{}, answer);
      });
    return answer;
  }

  /// By what people log in with; ids are not among it.
  static result<storage::user_record> find_by_login(storage::backend& db, const std::string& name) {
    return name.find('@') == std::string::npos ? db.find_user_by_username(name)
                                               : db.find_user_by_email(name);
  }

  /// `user` is empty when there is none: its password is hashed all the same.
  void check_login(const log_in& m, const login_guard::attempt& attempt,
                   const storage::user_record& user, promise<login_granted> answer) {
    hash(m.from,
         {[this, attempt, from = m.from] { return admit(attempt, from); },
          [password = m.password, known = user.password_hash,
           cost = settings.cost]() -> result<password_checked> {
            password_checked made;
            made.is_right = is_password(password, known, cost);
            if (made.is_right && needs_rehash(known, cost))
              if (auto again = hash_password(password, cost))
                made.new_hash = std::move(*again);
            return made;
          },
          [this, from = m.from, attempt, user, answer](result<password_checked> checked) mutable {
            if (!checked)
              return answer.deliver(to_error(checked.why()));
            if (!checked->is_right || !user.is_active) {
              guard.on_wrong(attempt, self->clock().now());
              if (user.id.is_nil())
                note_refused("login_failed", from, std::nullopt, "unknown user");
              else
                note_refused("login_failed", from, user.id,
                             checked->is_right ? "not active" : "wrong password");
              return answer.deliver(to_error(wrong_credentials()));
            }
            guard.on_right(attempt);
            enter(from, std::move(user), std::move(checked->new_hash), answer);
          }});
  }

  void enter(const sign_in_source& from, storage::user_record user, std::string new_hash,
             promise<login_granted> answer) {
    const auto login = make_login(user.id, from, settings.now(), settings.refresh_life);
    const auto granted = grant(user, login);
    ask_store<std::vector<login_id>>(
      [user, new_hash = std::move(new_hash), login = login.record,
       until = ends_at()](storage::backend& db) -> result<std::vector<login_id>> {
        auto stored = db.find_user(user.id);
        if (!stored)
          return wrong_credentials();
        if (stored->password_hash != user.password_hash || !stored->is_active)
          return wrong_credentials(); // changed in the meantime
        if (!new_hash.empty()) {
          stored->password_hash = new_hash;
          if (const auto changed = db.update_user(*stored); !changed)
            return changed.why();
        }
        return db.save_login(login, login.created_at, until);
      },
      [this, granted, answer, from](result<std::vector<login_id>> ended) mutable {
        if (!ended)
          return answer.deliver(to_error(ended.why()));
        revoke(*ended);
        note("login", from, granted.user.id, granted.login);
        answer.deliver(std::move(granted));
      });
  }

  caf::result<login_granted> on_refresh(const refresh_login& m) {
    const auto parts = parse_refresh_token(m.token);
    if (!parts)
      return to_error(wrong_refresh_token());
    const auto secret = random_token(refresh_secret_bytes);
    const auto now = settings.now();
    const storage::login_rotation change{
      parts->login, hash_token(parts->secret),   hash_token(secret),
      now,          now + settings.refresh_life, ends_at()};
    auto user = std::make_shared<storage::user_record>();
    auto answer = self->make_response_promise<login_granted>();
    ask_store<storage::rotation>(
      [change, user](storage::backend& db) -> result<storage::rotation> {
        auto done = db.rotate_login(change);
        if (!done || done->outcome != storage::rotation_outcome::rotated)
          return done;
        auto found = db.find_user(done->user);
        if (!found)
          return found.why();
        *user = std::move(*found);
        return done;
      },
      [this, change, user, secret, from = m.from, answer](result<storage::rotation> done) mutable {
        if (!done)
          return answer.deliver(to_error(done.why()));
        on_rotated(from, change, *done, *user, secret, answer);
      });
    return answer;
  }

  void on_rotated(const sign_in_source& from, const storage::login_rotation& change,
                  const storage::rotation& done, const storage::user_record& user,
                  const std::string& secret, promise<login_granted> answer) {
    using storage::rotation_outcome;
    switch (done.outcome) {
    case rotation_outcome::rotated:
      break;
    case rotation_outcome::reused:
      revoke({change.login});
      note_refused("refresh_reused", from, done.user, change.login.str());
      return answer.deliver(to_error(wrong_refresh_token()));
    case rotation_outcome::expired:
      revoke({change.login});
      return answer.deliver(to_error({errc::token_expired, "The refresh token has expired"}));
    case rotation_outcome::not_found:
      note_refused("refresh_failed", from, std::nullopt, "no such login");
      return answer.deliver(to_error(wrong_refresh_token()));
    }
    if (!user.is_active)
      return answer.deliver(to_error(wrong_refresh_token()));
    answer.deliver(login_granted{view_of(user), change.login, change.login.str() + '.' + secret,
                                 change.expires_at});
  }

  // -- ending logins

  caf::result<void> on_log_out(const log_out& m) {
    auto answer = self->make_response_promise<void>();
    ask_store<void>([user = m.user, login = m.login, until = ends_at()](
                      storage::backend& db) { return db.end_login(user, login, until); },
                    [this, m, answer](result<void> ended) mutable {
                      if (!ended)
                        return answer.deliver(to_error(ended.why()));
                      revoke({m.login});
                      note("logout", m.from, m.user, m.login);
                      answer.deliver();
                    });
    return answer;
  }

  caf::result<void> on_log_out_everywhere(const log_out_everywhere& m) {
    auto answer = self->make_response_promise<void>();
    ask_store<std::vector<login_id>>(
      [user = m.user, until = ends_at()](storage::backend& db) {
        return db.end_logins(user, std::nullopt, until);
      },
      [this, m, answer](result<std::vector<login_id>> ended) mutable {
        if (!ended)
          return answer.deliver(to_error(ended.why()));
        revoke(*ended);
        audit({.what = "logout_all",
               .address = m.from.address,
               .request_id = m.from.request_id,
               .user = m.user});
        answer.deliver();
      });
    return answer;
  }

  // -- users

  caf::result<user_view> on_find(const find_user& m) {
    auto answer = self->make_response_promise<user_view>();
    ask_store<storage::user_record>(
      [wanted = m.name](storage::backend& db) { return find_by_name(db, wanted); },
      [answer](result<storage::user_record> found) mutable {
        if (!found)
          return answer.deliver(to_error(found.why()));
        answer.deliver(view_of(*found));
      });
    return answer;
  }

  caf::result<user_listing> on_find_all(const find_users& m) {
    auto answer = self->make_response_promise<user_listing>();
    ask_store<std::vector<storage::user_record>>(
      [wanted = m.users](storage::backend& db) { return db.find_users(wanted); },
      [answer](result<std::vector<storage::user_record>> found) mutable {
        if (!found)
          return answer.deliver(to_error(found.why()));
        user_listing listing;
        for (const auto& user : *found)
          listing.users.push_back(view_of(user));
        answer.deliver(std::move(listing));
      });
    return answer;
  }

  caf::result<user_view> on_change_profile(const change_profile& m) {
    auto wish = m;
    for (auto* given : {&wish.first_name, &wish.last_name})
      if (*given)
        *given = clean_name(**given);
    if (auto ok = accept(problems_of(wish)); !ok)
      return to_error(ok.why());
    auto answer = self->make_response_promise<user_view>();
    ask_store<storage::user_record>(
      [wish, now = settings.now()](storage::backend& db) -> result<storage::user_record> {
        auto user = db.find_user(wish.user);
        if (!user)
          return user;
        user->username = wish.username.value_or(user->username);
        user->first_name = wish.first_name.value_or(user->first_name);
        user->last_name = wish.last_name.value_or(user->last_name);
        if (wish.profile)
          user->profile = merge_profile(user->profile, *wish.profile);
        user->updated_at = now;
        const auto taken = db.update_user(*user);
        if (!taken)
          return taken.why();
        if (taken->any())
          return name_is_taken(*taken);
        return user;
      },
      [answer](result<storage::user_record> changed) mutable {
        if (!changed)
          return answer.deliver(to_error(changed.why()));
        answer.deliver(view_of(*changed));
      });
    return answer;
  }

  // -- a new password

  caf::result<void> on_change_password(const change_password& m) {
    if (auto ok = accept(problems_of(m)); !ok)
      return to_error(ok.why());
    const login_guard::attempt attempt{network_of(m.from.address), m.user.str()};
    if (auto ok = admit(attempt, m.from); !ok)
      return to_error(ok.why());
    auto answer = self->make_response_promise<void>();
    ask_store<storage::user_record>(
      [user = m.user](storage::backend& db) { return db.find_user(user); },
      [this, m, attempt, answer](result<storage::user_record> user) mutable {
        if (!user)
          return answer.deliver(to_error(user.why()));
        check_change(m, attempt, std::move(*user), answer);
      });
    return answer;
  }

  void check_change(const change_password& m, const login_guard::attempt& attempt,
                    storage::user_record user, promise<void> answer) {
    hash(m.from,
         {[this, attempt, from = m.from] { return admit(attempt, from); },
          [current = m.current, next = m.next, known = user.password_hash,
           cost = settings.cost]() -> result<password_checked> {
            if (current.size() > account_bounds::password_max || !is_password(current, known, cost))
              return password_checked{};
            auto made = hash_password(next, cost);
            if (!made)
              return made.why();
            return password_checked{true, std::move(*made)};
          },
          [this, m, attempt, user, answer](result<password_checked> checked) mutable {
            if (!checked)
              return answer.deliver(to_error(checked.why()));
            if (!checked->is_right) {
              guard.on_wrong(attempt, self->clock().now());
              note_refused("password_change_failed", m.from, m.user, "wrong password");
              return answer.deliver(to_error({errc::forbidden, "Current password is incorrect"}));
            }
            guard.on_right(attempt);
            replace_password(m, user.password_hash, checked->new_hash, answer);
          }});
  }

  void replace_password(const change_password& m, const std::string& checked_hash,
                        const std::string& new_hash, promise<void> answer) {
    ask_store<std::vector<login_id>>(
      [user_id = m.user, kept = m.login, checked_hash, new_hash, now = settings.now(),
       until = ends_at()](storage::backend& db) -> result<std::vector<login_id>> {
        auto user = db.find_user(user_id);
        if (!user)
          return user.why();
        if (user->password_hash != checked_hash)
          return {errc::conflict, "The password was changed elsewhere at the same time"};
        user->password_hash = new_hash;
        user->updated_at = now;
        if (const auto changed = db.update_user(*user); !changed)
          return changed.why();
        return db.end_logins(user_id, kept, until);
      },
      [this, m, answer](result<std::vector<login_id>> ended) mutable {
        if (!ended)
          return answer.deliver(to_error(ended.why()));
        revoke(*ended);
        note("password_changed", m.from, m.user, m.login);
        answer.deliver();
      });
  }

  caf::result<login_listing> on_list_logins(const list_logins& m) {
    auto answer = self->make_response_promise<login_listing>();
    ask_store<std::vector<storage::login_record>>(
      [user = m.user, now = settings.now()](storage::backend& db) {
        return db.list_logins(user, now);
      },
      [answer](result<std::vector<storage::login_record>> found) mutable {
        if (!found)
          return answer.deliver(to_error(found.why()));
        login_listing listing;
        for (const auto& login : *found)
          listing.logins.push_back(
            {login.id, login.client, login.created_at, login.last_used_at, login.expires_at});
        answer.deliver(std::move(listing));
      });
    return answer;
  }

  // -- helpers

  /// Asks the store; `done` gets what `call` answered once that is durable, or the failure.
  template <class T, class Call, class Done>
  void ask_store(Call call, Done done) {
    auto shared = std::make_shared<Done>(std::move(done));
    const auto failed = [shared](const caf::error& why) { (*shared)(result<T>(to_failure(why))); };
    auto asked = self->request(settings.store, account_limits::store_timeout,
                               make_store_task(std::move(call)));
    if constexpr (std::is_void_v<T>)
      asked.then([shared] { (*shared)(result<void>{}); }, failed);
    else
      asked.then([shared](T& value) { (*shared)(result<T>(std::move(value))); }, failed);
  }

  /// Has it done on a hashing thread; `done` is called in any case.
  void hash(const sign_in_source& from, hash_work work) {
    auto done = work.done;
    if (!waiting.push(network_of(from.address), std::move(work)))
      return done(failure{errc::queue_full, "Too many people are logging in; try again"});
    start_hashing();
  }

  void start_hashing() {
    while (!idle_hashers.empty()) {
      auto work = waiting.pop();
      if (!work)
        return;
      if (auto ok = work->admit(); !ok) {
        work->done(ok.why());
        continue;
      }
      const auto hasher = idle_hashers.back();
      idle_hashers.pop_back();
      auto failed_with = std::make_shared<std::optional<failure>>();
      const auto finish = [this, hasher, done = work->done](result<password_checked> checked) {
        idle_hashers.push_back(hasher);
        done(std::move(checked));
        start_hashing();
      };
      self
        ->request(hasher, caf::infinite, blocking_task{[run = work->run, failed_with] {
                    auto checked = run();
                    if (!checked)
                      *failed_with = checked.why();
                    return caf::make_message(checked ? std::move(*checked) : password_checked{});
                  }})
        .then(
          [finish, failed_with](const password_checked& checked) {
            finish(*failed_with ? result<password_checked>(**failed_with)
                                : result<password_checked>(checked));
          },
          [finish](const caf::error& why) { finish(result<password_checked>(to_failure(why))); });
    }
  }

  result<void> admit(const login_guard::attempt& attempt, const sign_in_source& from) {
    auto ok = guard.admit(attempt, self->clock().now());
    if (!ok)
      note_refused("login_throttled", from, std::nullopt, "");
    return ok;
  }

  login_granted grant(const storage::user_record& user, const fresh_login& login) const {
    return {view_of(user), login.record.id, login.token, login.record.expires_at};
  }

  /// Until when the access tokens of a login that ends now are refused.
  timestamp ends_at() const {
    return settings.revoked->until(settings.now());
  }

  void revoke(const std::vector<login_id>& ended) {
    const auto now = settings.now();
    for (const auto& login : ended)
      settings.revoked->add({login, settings.revoked->until(now)}, now);
  }

  static void note(std::string_view what, const sign_in_source& from, user_id user,
                   login_id login) {
    audit({.what = what,
           .address = from.address,
           .request_id = from.request_id,
           .user = user,
           .subject = login.str()});
  }

  static void note_refused(std::string_view what, const sign_in_source& from,
                           std::optional<user_id> user, std::string why) {
    audit({.what = what,
           .level = audit_level::suspicious,
           .address = from.address,
           .request_id = from.request_id,
           .user = user,
           .subject = std::move(why)});
  }

  accounts_actor::pointer self;
  account_settings settings;
  login_guard guard;
  hash_queue waiting{account_limits::hashing_max};
  std::vector<caf::actor> hashers;
  std::vector<caf::actor> idle_hashers;
};

} // namespace

accounts_actor spawn_accounts(caf::actor_system& system, account_settings settings, bool detached) {
  return system.spawn<accounts_actor::stateful_impl<accounts_state>>(std::move(settings), detached);
}

} // namespace coterie::actors
