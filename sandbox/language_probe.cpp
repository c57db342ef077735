#include "sandbox/language_probe.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <unistd.h>

namespace coterie::sandbox {

namespace {

constexpr std::size_t answer_bytes_max = 4096;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// One pass over the languages; keeps itself alive through the callbacks it hands out.
class probe : public std::enable_shared_from_this<probe> {
public:
  probe(launcher& with, std::vector<config::language> languages, on_version tell)
      : launcher_(with), languages_(std::move(languages)), tell_(std::move(tell)) {}

  void next() {
    if (at_ == languages_.size()) {
      box_.reset();
      return;
    }
    const auto& language = languages_[at_];
    if (box_ && image_ == language.image)
      return ask();
    box_.reset();
    image_ = language.image;
    container_spec spec;
    spec.image = image_;
    launcher_.create(std::move(spec), [me = shared_from_this()](auto made) {
      if (!made) {
        log::warning("a language's version is unknown",
                     {{"language", me->languages_[me->at_].name}, {"why", made.why().detail}});
        return me->answer({});
      }
      me->box_ = std::move(*made);
      me->ask();
    });
  }

private:
  void ask() {
    command what;
    what.argv = languages_[at_].version;
    what.limits = languages_[at_].run.ceiling;
    said_.clear();
    run_events events;
    events.on_output = [me = shared_from_this()](stream, std::string_view bytes) {
      me->said_ += bytes.substr(0, answer_bytes_max - std::min(answer_bytes_max, me->said_.size()));
    };
    events.on_exit = [me = shared_from_this()](const report& done) {
      if (done.how != outcome::exited || done.exit_code != 0) {
        log::warning("a toolchain did not tell its version",
                     {{"language", me->languages_[me->at_].name},
                      {"outcome", to_string(done.how)},
                      {"said", me->said_.substr(0, 200)}});
        return me->answer({});
      }
      me->answer(find_version(me->said_));
    };
    box_->run(std::move(what), std::move(events));
  }

  void answer(const std::string& version) {
    tell_(languages_[at_].name, version);
    ++at_;
    next();
  }

  launcher& launcher_;
  std::vector<config::language> languages_;
  on_version tell_;
  std::size_t at_ = 0;
  std::string image_;
  std::string said_; // bounded by answer_bytes_max
  std::unique_ptr<container> box_;
};

} // namespace

bool is_present(const config::language& wanted) {
  if (wanted.image != "host")
    return true;
  return std::ranges::all_of(wanted.requires_, [](const std::string& program) {
    return access(program.c_str(), X_OK) == 0;
  });
}

std::string find_version(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]))
      continue;
    auto end = at;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.'))
      ++end;
    auto found = text.substr(at, end - at);
    while (found.ends_with('.'))
      found.remove_suffix(1);
    return std::string(found);
  }
  return {};
}

void probe_languages(launcher& with, std::vector<config::language> languages, on_version tell) {
  std::make_shared<probe>(with, std::move(languages), std::move(tell))->next();
}

} // namespace coterie::sandbox
