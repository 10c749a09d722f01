#pragma once

namespace faregate::cli {

/// Overwrites the values of flags that are secrets, so that `ps` does not show them to everybody.
/// For the moment before this runs there is no remedy: variables are better.
void hide_secrets(int argc, char** argv);

}  // namespace faregate::cli
