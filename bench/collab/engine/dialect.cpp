#include "dialect.hpp"

#include "yjs_bytes.hpp"

#include <cstdio>

namespace yload {

namespace {

/// y-websocket: sync and awareness messages.
class y_websocket_dialect : public dialect {
public:
  opcode frames() const override {
    return opcode::binary;
  }

  void open(const place& where, listener& who) const override {
    who.answer(step1(where));
  }

  void read(std::string_view message, const place& where, listener& who) const override {
    byte_reader in{message};
    read_prefix(in);
    read_typed(in.read_varuint(), in, where, who);
  }

  std::string write(const edit& what, const place& where) const override {
    const auto update =
      encode_append(where.first_client + what.writer, what.number * what.text.size(), what.text);
    auto out = prefix(where);
    out.write_bytes({sync, sync_update});
    out.write_string(update);
    return out.take();
  }

protected:
  enum : std::uint8_t { sync = 0, awareness = 1, saved = 8 };
  enum : std::uint8_t { sync_step1 = 0, sync_step2 = 1, sync_update = 2 };

  /// What every message begins with.
  virtual byte_writer prefix(const place&) const {
    return {};
  }
  virtual void read_prefix(byte_reader&) const {}

  virtual void read_typed(std::uint64_t type, byte_reader& in, const place& where,
                          listener& who) const {
    if (!in.is_good())
      return;
    if (type == sync)
      read_sync(in, where, who);
    else if (type == awareness)
      who.on_awareness();
    else if (type == saved)
      who.on_acknowledged();
  }

  void read_sync(byte_reader& in, const place& where, listener& who) const {
    const auto step = in.read_varuint();
    if (!in.is_good() || step > sync_update)
      return;
    if (step == sync_step1)
      return who.answer(empty_step2(where)); // we have nothing that the server lacks
    read_appended(in.read_string(),
                  [&](std::uint64_t client, std::uint64_t clock, std::uint64_t length) {
                    if (client >= where.first_client)
                      who.on_text(client - where.first_client, clock, length);
                  });
    if (step == sync_step2)
      who.on_synced();
  }

  /// Asks for the document, with the state vector of who has nothing.
  std::string step1(const place& where) const {
    auto out = prefix(where);
    out.write_bytes({sync, sync_step1, 1, 0});
    return out.take();
  }

  std::string empty_step2(const place& where) const {
    auto out = prefix(where);
    out.write_bytes({sync, sync_step2, 2, 0, 0});
    return out.take();
  }
};

/// The same, after the room's name and an exchange about the token.
class hocuspocus_dialect final : public y_websocket_dialect {
public:
  explicit hocuspocus_dialect(std::string token) : token_(std::move(token)) {}

  void open(const place& where, listener& who) const override {
    auto out = prefix(where);
    out.write_bytes({authentication, 0});
    out.write_string(token_);
    out.write_string("4.7.0");
    who.answer(out.take());
  }

private:
  enum : std::uint8_t { authentication = 2, sync_reply = 4 };
  static constexpr std::uint64_t authenticated = 2;

  byte_writer prefix(const place& where) const override {
    byte_writer out;
    out.write_string(where.name);
    return out;
  }
  void read_prefix(byte_reader& in) const override {
    in.read_string();
  }

  void read_typed(std::uint64_t type, byte_reader& in, const place& where,
                  listener& who) const override {
    if (type == sync_reply)
      return y_websocket_dialect::read_typed(sync, in, where, who);
    if (type != authentication)
      return y_websocket_dialect::read_typed(type, in, where, who);
    if (in.read_varuint() == authenticated)
      who.answer(step1(where));
    else
      who.on_refused();
  }

  std::string token_;
};

/// A relay behind Socket.IO: edits are events that say writer and number.
class socketio_dialect final : public dialect {
public:
  opcode frames() const override {
    return opcode::text;
  }

  void open(const place&, listener&) const override {} // the server begins

  void read(std::string_view message, const place& where, listener& who) const override {
    if (message.starts_with('2'))
      who.answer("3"); // ping, pong
    else if (message.starts_with('0'))
      who.answer("40");
    else if (message.starts_with("40{"))
      who.answer("42[\"join\",\"" + where.name + "\"]");
    else if (message.starts_with("42[\"joined"))
      who.on_synced();
    else if (message.starts_with(event))
      read_edit(std::string(message.substr(event.size())), who);
  }

  std::string write(const edit& what, const place&) const override {
    return std::string(event) + std::to_string(what.writer) + "," + std::to_string(what.number)
           + ",\"" + std::string(what.text) + "\"]";
  }

private:
  static constexpr std::string_view event = "42[\"u\",";

  static void read_edit(const std::string& arguments, listener& who) {
    unsigned long long writer = 0;
    unsigned long long number = 0;
    int text_start = 0;
    int text_end = 0;
    if (std::sscanf(arguments.c_str(), "%llu,%llu,\"%n%*[^\"]%n", &writer, &number, &text_start,
                    &text_end)
        != 2)
      return;
    const auto length = static_cast<std::uint64_t>(text_end - text_start);
    who.on_text(writer, number * length, length);
  }
};

} // namespace

std::unique_ptr<dialect> make_dialect(const options& wanted) {
  switch (wanted.dialect) {
  case protocol::hocuspocus:
    return std::make_unique<hocuspocus_dialect>(wanted.token);
  case protocol::socketio:
    return std::make_unique<socketio_dialect>();
  case protocol::y_websocket:
    break;
  }
  return std::make_unique<y_websocket_dialect>();
}

} // namespace yload
