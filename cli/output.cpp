#include <cli/output.h>
#include <cli/printable.h>
#include <cli/terminal.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

namespace tally::cli {
namespace {

struct FormatName {
  const char* name;  ///< after -f, and a file's ending
  Format format;
};

constexpr FormatName kFormats[] = {{"text", Format::kText},
                                   {"json", Format::kJson},
                                   {"md", Format::kMarkdown},
                                   {"html", Format::kHtml}};
constexpr FormatName kEndings[] = {{".txt", Format::kText},
                                   {".json", Format::kJson},
                                   {".md", Format::kMarkdown},
                                   {".html", Format::kHtml}};

bool ends_with(const std::string& text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

const FormatName* format_of_file(const std::string& path) {
  const auto* found =
      std::find_if(std::begin(kEndings), std::end(kEndings),
                   [&path](const FormatName& ending) { return ends_with(path, ending.name); });
  return found == std::end(kEndings) ? nullptr : found;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where `path` leads when its symbolic links are followed: a rename must replace the file, not the
// link to it.
std::string followed(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  return real == nullptr ? path : std::string(real.get());
}

Error refused(const std::string& path, const std::string& reason, std::string hint) {
  return {ErrorCode::kUsage, "cannot write to '" + path + "': " + reason, std::move(hint)};
}

/// A new file beside `target`, removed at the end unless it was renamed to it.
class Temporary {
 public:
  explicit Temporary(const std::string& target)
      : path_(target + "." + std::to_string(getpid()) + ".tmp") {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    error_ = descriptor_ == -1 ? errno : 0;
  }
  ~Temporary() {
    if (descriptor_ == -1) return;
    close(descriptor_);
    if (!renamed_) unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// 0, or errno of what went wrong first.
  int error() const { return error_; }

  int write(std::string_view text) {
    return error_ != 0 ? error_ : error_ = write_all(descriptor_, text);
  }

  /// Puts the file in the place of `target`, with the permissions of the file that is there.
  int rename_to(const std::string& target) {
    if (error_ != 0) return error_;
    struct stat present {};
    if (stat(target.c_str(), &present) == 0)
      static_cast<void>(fchmod(descriptor_, present.st_mode & 07777));
    if (rename(path_.c_str(), target.c_str()) == -1) return error_ = errno;
    renamed_ = true;
    return 0;
  }

 private:
  std::string path_;
  int descriptor_ = -1;
  int error_ = 0;
  bool renamed_ = false;
};

Result<Unit> check_writable(const std::string& path, const std::string& target) {
  struct stat present {};
  if (stat(target.c_str(), &present) == 0) {
    if (S_ISDIR(present.st_mode)) return refused(path, "it is a folder", "name a file in it");
    if (!S_ISREG(present.st_mode))
      return refused(path, "it is no regular file", "use stdout with -f instead");
    if (access(target.c_str(), W_OK) != 0)
      return refused(path, std::strerror(errno), "choose another file");
  }
  const int error = Temporary(target).error();
  if (error == 0) return Unit{};
  const std::string folder = folder_of(target);
  if (error == ENOENT)
    return refused(path, "there is no folder '" + folder + "'", "create it, or choose another");
  return refused(path, std::strerror(error), "choose a folder that you may write to");
}

/// The formats of one report, each rendered at most once.
class Rendered {
 public:
  explicit Rendered(const Report& report) : report_(report) {}

  const std::string& json() {
    if (json_.empty()) json_ = printable_json(report_.json()) + '\n';
    return json_;
  }

  std::string in(Format format, const TextStyle& style) {
    switch (format) {
      case Format::kJson:
        return json();
      case Format::kMarkdown:
        return render_markdown(document());
      case Format::kHtml:
        return render_html(document());
      case Format::kText:
        break;
    }
    return render_text(document(), style);
  }

 private:
  const Document& document() {
    if (document_ == nullptr) document_ = std::make_unique<Document>(report_.document());
    return *document_;
  }

  const Report& report_;
  std::string json_;
  std::unique_ptr<Document> document_;
};

}  // namespace

void add_output_flags(CLI::App& command, OutputOptions& options) {
  constexpr const char* kGroup = "Output";
  command
      .add_option_function<std::string>(
          "-f,--format",
          [&options](const std::string& name) {
            const auto* found =
                std::find_if(std::begin(kFormats), std::end(kFormats),
                             [&name](const FormatName& format) { return name == format.name; });
            if (found == std::end(kFormats)) {
              throw CLI::ValidationError("--format",
                                         "'" + name + "' is not one of text, json, md, html");
            }
            options.format = found->format;
          },
          "Format on stdout: text (default), json, md or html")
      ->type_name("FORMAT")
      ->group(kGroup);
  command
      .add_option("-o,--output", options.files,
                  "Also write the report to FILE, in the format of its ending (.txt, .json, .md, "
                  ".html); repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false)  // `-o FILE MODEL`: only FILE is meant
      ->group(kGroup);
  command
      .add_option_function<std::string>(
          "--color",
          [&options](const std::string& when) {
            if (when != "auto" && when != "always" && when != "never") {
              throw CLI::ValidationError("--color",
                                         "'" + when + "' is not one of auto, always, never");
            }
            options.color = when;
          },
          "Colour text: auto (default: on a terminal, unless NO_COLOR is set), always or never")
      ->type_name("WHEN")
      ->group(kGroup);
}

Result<Output> Output::open(const OutputOptions& options) {
  Output output;
  output.options_ = options;
  for (const std::string& path : options.files) {
    const FormatName* ending = format_of_file(path);
    if (ending == nullptr) {
      return refused(path, "its ending tells no format", "use one of .txt, .json, .md, .html");
    }
    const std::string target = followed(path);
    for (const File& file : output.files_) {
      if (file.target == target) return refused(path, "it is named twice", "name each file once");
    }
    if (const auto writable = check_writable(path, target); !writable) return writable.error();
    output.files_.push_back({path, target, ending->format});
  }
  return output;
}

Result<Unit> Output::write(const Report& report) const {
  Rendered rendered(report);
  for (const File& file : files_) {
    Temporary temporary(file.target);
    temporary.write(rendered.in(file.format, TextStyle{}));
    if (const int error = temporary.rename_to(file.target); error != 0) {
      return Error{ErrorCode::kUnavailable,
                   "cannot write to '" + file.path + "': " + std::strerror(error),
                   "free some space, or choose another folder"};
    }
  }
  return write_to_stdout(rendered.in(options_.format, stdout_style(options_.color)));
}

}  // namespace tally::cli
