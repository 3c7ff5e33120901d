#include <base/text.h>
#include <inspector/archive/literal.h>
#include <inspector/archive/unclaimed_bytes.h>
#include <inspector/formats/torchscript/file_sections.h>
#include <inspector/formats/torchscript/findings/code_risks.h>
#include <inspector/formats/torchscript/findings/risks.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace tally::inspector {
namespace {

constexpr std::size_t kMostSubjects = 20;  // told by name, of one kind
constexpr std::int64_t kMostOfExtra = 1 << 20;
constexpr std::string_view kTraced = "traced_inputs";

/// Risks of one kind and subject: the first place, and how many there are.
struct Places {
  std::string first;
  std::string_view why;
  std::size_t count = 0;
};
using Subjects = std::map<std::pair<std::string, std::string>, Places>;  // by code and subject

/// What a risk of the code is called, in front of its subject.
struct Sentence {
  std::string_view code;
  std::string_view text;
};
constexpr Sentence kSentences[] = {
    {"unsafe-operator", "if it is run, the code calls "},
    {"unknown-operator", "the code calls an operator that is not PyTorch's: "},
    {"unknown-class", "the code names a custom class that is not PyTorch's: "},
    {"state-code", "loading it runs __setstate__ of class "},
};

void add_code_findings(const Subjects& subjects, ModelSnapshot& snapshot) {
  for (const Sentence& sentence : kSentences) {
    std::size_t told = 0, more = 0;
    for (const auto& [key, places] : subjects) {
      if (key.first != sentence.code) continue;
      if (told == kMostSubjects) {
        ++more;
        continue;
      }
      ++told;
      std::string text = std::string(sentence.text) + key.second;
      if (!places.why.empty()) text += ", which " + std::string(places.why);
      text += " (" + places.first;
      if (places.count > 1) text += ", and " + std::to_string(places.count - 1) + " times more";
      snapshot.findings.push_back({std::string(sentence.code), text + ")"});
    }
    if (more > 0) {
      snapshot.findings.push_back(
          {std::string(sentence.code),
           std::string(sentence.text) + std::to_string(more) + " more, not told by name"});
    }
  }
}

/// How programs, scripts and pickles begin.
struct Signature {
  std::string_view head;
  std::string_view what;
};
constexpr Signature kSignatures[] = {
    {"\x7f"
     "ELF",
     "a program (ELF)"},
    {"MZ", "a program (Windows)"},
    {"\xcf\xfa\xed\xfe", "a program (macOS)"},
    {"\xca\xfe\xba\xbe", "a program (macOS or Java)"},
    {"#!", "a script"},
    {"\x80\x02", "a pickle"},
    {"\x80\x03", "a pickle"},
    {"\x80\x04", "a pickle"},
    {"\x80\x05", "a pickle"},
    {"PK\x03\x04", "an archive (ZIP)"},
    {"import ", "Python source"},
    {"from ", "Python source"},
    {"<script", "a web page's script"},
};

/// A name that shows something else than it is, or leads out of the folder that it is unpacked to.
std::string_view deceit_of(std::string_view name) {
  if (starts_with(name, "/")) return "is an absolute path";
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("/\\", from), name.size());
    if (name.substr(from, end - from) == "..") return "leads out of its folder";
    from = end + 1;
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == 0x7f) return "holds a control character";
    // U+200B…U+200F, U+202A…U+202E, U+2060…U+2069: invisible, or turn the direction of text.
    if (c != 0xe2 || i + 2 >= name.size()) continue;
    const auto second = static_cast<unsigned char>(name[i + 1]);
    const auto third = static_cast<unsigned char>(name[i + 2]);
    if (second == 0x80 && ((third >= 0x8b && third <= 0x8f) || (third >= 0xaa && third <= 0xae)))
      return "holds a character that is invisible or turns the direction of text";
    if (second == 0x81 && third >= 0xa0 && third <= 0xa9)
      return "holds a character that is invisible or turns the direction of text";
  }
  return "";
}

class Risks {
 public:
  Risks(ArchiveReader& archive, ModelSnapshot& snapshot) : archive_(archive), snapshot_(snapshot) {}

  void of_code(const std::vector<Source>& sources) {
    Subjects subjects;
    for (const Source& read : sources) {
      const std::string& name = read.record;
      const Result<std::string_view>& source = read.text;
      if (!source) {
        add("unscanned-code", "what " + valid_utf8(name) +
                                  " does is not known: " + valid_utf8(source.error().message));
        continue;
      }
      read_code_risks(*source, [&](CodeRisk risk) {
        Places& places = subjects[{risk.code, valid_utf8(risk.subject)}];
        if (places.count++ > 0) return;
        places.why = risk.why;
        places.first = valid_utf8(name) + ":" + std::to_string(risk.line);
        if (!risk.method.empty()) places.first += " in " + valid_utf8(risk.method);
      });
    }
    add_code_findings(subjects, snapshot_);
  }

  void of_bytes() {
    const auto unclaimed = unclaimed_bytes(archive_);
    if (!unclaimed) {
      add("hidden-bytes", "whether bytes of the file belong to no record is not known: " +
                              unclaimed.error().message);
    } else if (unclaimed->bytes > 0) {
      add("hidden-bytes", std::to_string(unclaimed->bytes) +
                              " bytes of the file belong to no record; the first of them is byte " +
                              std::to_string(unclaimed->first));
    }
  }

  void of_records(bool is_package) {
    std::vector<std::string> unknown, deceptive, programs;
    for (const auto& [name, entry] : archive_.records()) {
      const std::string_view category = record_category(name);
      // What torch.jit.trace leaves of its inputs is read by Python's part of PyTorch alone.
      if (category == "other" && entry.bytes > 0 && !is_package && !starts_with(name, kTraced))
        unknown.push_back(valid_utf8(name));
      if (category == "extra") look_into(name, entry, programs);
      if (const auto deceit = deceit_of(entry.name); !deceit.empty())
        deceptive.push_back(valid_utf8(entry.name) + " " + std::string(deceit));
    }
    add_list("unreferenced-record", "records that no reader of PyTorch's looks at: ", unknown);
    add_list("program-in-extra", "among the extra files: ", programs);
    add_list("deceptive-name", "names of records that deceive: ", deceptive);
  }

  void of_tensor_names() {
    std::vector<std::string> deceptive;
    for (const TensorRecord& tensor : snapshot_.tensors) {
      if (const auto deceit = deceit_of(tensor.name); !deceit.empty())
        deceptive.push_back(full_name(snapshot_, tensor) + " " + std::string(deceit));
    }
    for (const ModuleNode& module : snapshot_.modules) {
      if (const auto deceit = deceit_of(module.path); !deceit.empty())
        deceptive.push_back(module.path + " " + std::string(deceit));
    }
    add_list("deceptive-name", "names in the model that deceive: ", deceptive);
  }

 private:
  void add(const char* code, std::string text) {
    snapshot_.findings.push_back({code, std::move(text)});
  }

  void add_list(const char* code, std::string text, const std::vector<std::string>& items) {
    if (items.empty()) return;
    constexpr std::size_t kMostTold = 5;
    for (std::size_t i = 0; i < std::min(items.size(), kMostTold); ++i)
      text += (i == 0 ? "" : ", ") + items[i];
    if (items.size() > kMostTold)
      text += ", and " + std::to_string(items.size() - kMostTold) + " more";
    add(code, std::move(text));
  }

  void look_into(const std::string& name, const ZipEntry& entry,
                 std::vector<std::string>& programs) {
    if (entry.bytes > kMostOfExtra) return;
    const auto bytes = archive_.read(name, kMostOfExtra);
    if (!bytes) return;
    for (const Signature& signature : kSignatures) {
      if (starts_with(*bytes, signature.head)) {
        programs.push_back(valid_utf8(name) + " (" + std::string(signature.what) + ")");
        return;
      }
    }
  }

  ArchiveReader& archive_;
  ModelSnapshot& snapshot_;
};

}  // namespace

void note_risks(ArchiveReader& archive, const std::vector<Source>& sources, bool is_package,
                ModelSnapshot& snapshot) {
  Risks risks(archive, snapshot);
  risks.of_code(sources);
  risks.of_bytes();
  risks.of_records(is_package);
  risks.of_tensor_names();
}

}  // namespace tally::inspector
