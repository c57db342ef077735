#pragma once

// Somebody before a terminal: types, and looks at what comes.

#include "sandbox/launcher.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::sandbox {

/// What a terminal's events brought so far.
struct screen_view {
  std::optional<result<void>> opened;
  std::string text;          ///< the last 256 KiB
  std::uint64_t bytes = 0;   ///< in all
  std::uint64_t outputs = 0; ///< calls
  std::uint64_t largest = 0; ///< of one call
  std::optional<terminal_end> end;
  int ends = 0;
  bool is_misordered = false; ///< something came after the end, or before the opening
};

class screen {
public:
  /// Asks for a terminal in `box`; the prompt of a shell is short and plain.
  explicit screen(container& box, terminal_command what = {});

  terminal& line() {
    return *line_;
  }
  /// Destroys the handle; the events go on.
  void drop() {
    line_.reset();
  }

  screen_view view() const;

  bool is_open() const; ///< waits; false when it was refused, with the reason in view()
  bool shows(std::string_view text) const; ///< waits until `text` has come
  bool type(std::string_view text);

  /// Runs a command in the shell, and waits; what it wrote, without carriage returns.
  std::string run(const std::string& command);

  /// Waits for the end; exit code -1 when it does not come.
  terminal_end end() const;

private:
  struct record;
  std::shared_ptr<record> record_;
  std::shared_ptr<terminal> line_;
  int runs_ = 0;
};

} // namespace coterie::sandbox
