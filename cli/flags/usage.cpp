#include <base/nearest_name.h>
#include <cli/commands/command.h>
#include <cli/flags/usage.h>
#include <report/text_width.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <memory>

namespace tally::cli {
using namespace report;
using namespace app;
namespace {

constexpr int kHelpWidth = 100;
constexpr int kNameWidth = 28;  // of the column of flags; longer ones get a line of their own

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

/// "  NAME    Description", the description wrapped beside the name.
std::string entry(const std::string& name, const std::string& description, int name_width) {
  std::string out = "  " + name;
  int used = display_width(out);
  const int start = 2 + name_width + 2;
  if (description.empty()) return out + '\n';
  if (used + 2 > start) {
    out += '\n';
    used = 0;
  }
  for (const std::string& line : wrapped(description, kHelpWidth - start)) {
    out += spaces(start - used) + line + '\n';
    used = 0;
  }
  return out;
}

class HelpLayout : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const override {
    const CLI::App* program = app->get_parent();
    std::string out = make_usage(app, name) + '\n';
    for (const std::string& line : wrapped(app->get_description(), kHelpWidth)) out += line + '\n';
    out += make_subcommands(app, CLI::AppFormatMode::Normal);
    out += make_positionals(app);
    out += flag_groups(app);
    if (program != nullptr) out += flags_of_program(program);
    // CLI11 gives every command the footer of the program; only one of its own is shown there.
    const bool is_inherited = program != nullptr && program->get_footer() == app->get_footer();
    if (!app->get_footer().empty() && !is_inherited) out += '\n' + app->get_footer() + '\n';
    return out;
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string out = "Usage: " + name;
    if (app->get_parent() == nullptr) return out + " COMMAND [OPTIONS]\n";
    out += " [OPTIONS]";
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional()) out += ' ' + make_option_usage(option);
    }
    return out + '\n';
  }

  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode) const override {
    const auto commands =
        app->get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
    if (commands.empty()) return "";
    int width = 0;
    for (const CLI::App* command : commands)
      width = std::max(width, display_width(command->get_name()));
    std::string out = "\nCommands:\n";
    for (const CLI::App* command : commands)
      out += entry(command->get_name(), first_line_of(command), width);
    return out;
  }

  std::string make_positionals(const CLI::App* app) const override {
    const auto options = app->get_options([](const CLI::Option* option) {
      return option->get_positional() && !option->get_group().empty();
    });
    return options.empty() ? "" : make_group("Arguments", true, options);
  }

  std::string flag_groups(const CLI::App* app) const {
    std::string out;
    for (const std::string& group : app->get_groups()) {
      const auto options = app->get_options([&group](const CLI::Option* option) {
        return option->get_group() == group && option->nonpositional();
      });
      if (!group.empty() && !options.empty()) out += make_group(group, false, options);
    }
    return out;
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    const char* required = option->get_required() && !is_positional ? " (required)" : "";
    return entry(is_positional ? option->get_name(true) : flag_names(option),
                 option->get_description() + required, kNameWidth);
  }

 private:
  // What a command takes over from the program, such as -v.
  std::string flags_of_program(const CLI::App* program) const {
    const auto options = program->get_options([program](const CLI::Option* option) {
      return option != program->get_help_ptr() &&
             option->get_lnames() != std::vector<std::string>{"version"};
    });
    return options.empty() ? "" : make_group("Every command", false, options);
  }

  // A command's line in the list: its description up to the first full stop.
  static std::string first_line_of(const CLI::App* command) {
    const std::string description = command->get_description();
    return description.substr(0, description.find(". "));
  }

  // A name for a value that nobody named: CLI11 then has that of its type.
  static std::string value_name(const std::string& type_name) {
    if (type_name == "INT" || type_name == "UINT" || type_name == "FLOAT") return "N";
    return type_name == "TEXT" ? "VALUE" : type_name;
  }

  // "-f, --format FORMAT"; flags without a short form are set in by as much.
  static std::string flag_names(const CLI::Option* option) {
    std::string out;
    for (const std::string& name : option->get_snames()) out += (out.empty() ? "-" : ", -") + name;
    if (out.empty()) out = spaces(2);
    for (const std::string& name : option->get_lnames())
      out += (out == spaces(2) ? "  --" : ", --") + name;
    const bool takes_value =
        option->get_items_expected_max() > 0 && !option->get_type_name().empty();
    return takes_value ? out + ' ' + value_name(option->get_type_name()) : out;
  }
};

// The command that was called, or the program where none was.
const CLI::App& called(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return *command;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> flag_names(const CLI::App* command) {
  std::vector<std::string> names;
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string call_of(const CLI::App& command) {
  return command.get_parent() == nullptr
             ? command.get_name()
             : call_of(*command.get_parent()) + ' ' + command.get_name();
}

Error unknown(const std::string& message, const std::string& nearest, const std::string& fallback) {
  return {ErrorCode::kUsage, message,
          nearest.empty() ? fallback : "did you mean '" + nearest + "'?"};
}

}  // namespace

void set_help_layout(CLI::App& app) {
  app.formatter(std::make_shared<HelpLayout>());
  std::string footer = "Exit codes:\n";
  for (const ExitCodeMeaning& code : kExitCodeMeanings) {
    const std::string number = std::to_string(code.exit_code);
    footer += "  " + number + spaces(4 - display_width(number)) + code.meaning + '\n';
  }
  app.footer(footer + "\n'torchtally COMMAND --help' explains a command.");
}

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = called(app);
  const std::string see_help = "'" + call_of(command) + " --help' lists what there is";
  const std::vector<std::string> surplus = app.remaining(true);
  const bool is_about_values = dynamic_cast<const CLI::RequiredError*>(&error) == nullptr &&
                               dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr;
  if (surplus.empty() || is_about_values) {
    if (&command == &app && surplus.empty() && !is_about_values) {
      return {ErrorCode::kUsage, "no command was given", see_help};
    }
    return {ErrorCode::kUsage, error.what(), see_help};
  }
  const auto is_flag = [](const std::string& argument) {
    return argument.size() > 1 && argument[0] == '-';
  };
  if (&command == &app && !is_flag(surplus[0])) {
    return unknown("there is no command '" + surplus[0] + "'",
                   nearest_name(surplus[0], command_names(app)), see_help);
  }
  const auto flag = std::find_if(surplus.begin(), surplus.end(), is_flag);
  if (flag != surplus.end()) {
    const std::string name = flag->substr(0, flag->find('='));
    return unknown("there is no flag '" + name + "'", nearest_name(name, flag_names(&command)),
                   see_help);
  }
  return {ErrorCode::kUsage,
          "'" + surplus[0] + "' is one argument too many for " + command.get_name(), see_help};
}

report::Format error_format(int argc, const char* const* argv) {
  const std::string prefixes[] = {"--format=", "-f=", "-f"};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    std::string name;
    if (argument == "--") break;
    if (argument == "-f" || argument == "--format") {
      name = i + 1 < argc ? argv[i + 1] : "";
    } else {
      const auto* prefix =
          std::find_if(std::begin(prefixes), std::end(prefixes),
                       [&](const std::string& start) { return argument.rfind(start, 0) == 0; });
      if (prefix != std::end(prefixes)) name = argument.substr(prefix->size());
    }
    if (name == "json") return report::Format::kJson;
    if (name == "jsonl") return report::Format::kJsonLines;
  }
  return report::Format::kText;
}

}  // namespace tally::cli
