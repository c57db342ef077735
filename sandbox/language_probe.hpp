#pragma once

// Asks each language's toolchain for its version, inside the sandbox: what is offered is what a
// program will find there.

#include "config/languages.hpp"
#include "sandbox/launcher.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

/// Whether every program that `wanted` requires exists on this host. Languages of another image
/// than the host's are taken at their word.
bool is_present(const config::language& wanted);

/// The first thing in `text` that looks like a version ("3.11.2", "12"); empty when nothing does.
std::string find_version(std::string_view text);

/// Called on the launcher's thread, once per language; `version` is empty when its toolchain did
/// not answer.
using on_version = std::function<void(const std::string& language, const std::string& version)>;

/// Starts asking, one language after the other in one container of each image, and returns. The
/// launcher must outlive the asking; it ends by itself.
void probe_languages(launcher& with, std::vector<config::language> languages, on_version tell);

} // namespace coterie::sandbox
