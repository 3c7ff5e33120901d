#include <gtest/gtest.h>
#include <inspector/archive/inflate.h>
#include <inspector/formats/torchscript/findings/risks.h>
#include <tests/inspector/archive/zip_builder.h>

#include <algorithm>

namespace tally::inspector {
namespace {

using test::record;
using test::Zip;
using test::ZipRecord;

ZipRecord checked(std::string name, std::string stored) {
  ZipRecord r = record("m/" + std::move(name), std::move(stored));
  r.crc32 = crc32_of(r.stored);
  return r;
}

std::vector<Finding> risks_of(std::vector<ZipRecord> records, bool is_package = false,
                              ModelSnapshot snapshot = {}) {
  records.push_back(checked("data.pkl", "."));
  records.push_back(checked("version", "3\n"));
  const std::string file = Zip{std::move(records), "", false, {}, {}, {}, {}}.bytes();
  const MemorySource source(file);
  Result<ArchiveReader> archive = ArchiveReader::open(source);
  EXPECT_TRUE(archive) << archive.error().message;
  note_risks(*archive, read_sources(*archive, "code/", ReadLimits()), is_package, snapshot);
  return snapshot.findings;
}

/// The text of the only finding, which must have this code.
std::string only(const std::vector<Finding>& findings, const std::string& code) {
  if (findings.size() != 1) return std::to_string(findings.size()) + " findings";
  return findings[0].code == code ? findings[0].text : findings[0].code;
}

TEST(Risks, AreNoneInAPlainArchive) {
  EXPECT_TRUE(
      risks_of({checked("code/__torch__.py", "class M(Module):\n  training : bool\n"),
                checked("constants.pkl", "."), checked("data/0", "1234"),
                checked("extra/labels.txt", "cat\ndog\n"), checked("traced_inputs.pkl", ".")})
          .empty());
}

TEST(Risks, NameTheFirstPlaceOfAnOperatorAndHowManyMore) {
  const std::string source =
      "class M(Module):\n  def f(self) -> int:\n    torch.save(1, \"a\")\n    torch.save(2, "
      "\"b\")\n";
  EXPECT_EQ(only(risks_of({checked("code/__torch__.py", source)}), "unsafe-operator"),
            "if it is run, the code calls aten::save, which writes a file (code/__torch__.py:3 in "
            "f, and 1 times more)");
}

TEST(Risks, AreReadFromSourcesThatNoModuleUses) {
  EXPECT_EQ(risks_of({checked("code/other/place.py", "y = torch.save(1, \"a\")\n")}).size(), 1U);
}

TEST(Risks, OfManySubjectsAreBounded) {
  std::string source;
  for (int i = 0; i < 25; ++i) source += "y = ops.mine.op" + std::to_string(i) + "(x)\n";
  const auto findings = risks_of({checked("code/a.py", source)});
  ASSERT_EQ(findings.size(), 20U + 1U);
  EXPECT_EQ(findings.back().text,
            "the code calls an operator that is not PyTorch's: 5 more, not told by name");
}

TEST(Risks, SayWhichCodeCannotBeRead) {
  ZipRecord damaged = checked("code/__torch__.py", "class M(Module):\n");
  damaged.crc32 ^= 1;
  const auto findings = risks_of({damaged});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "unscanned-code");
  EXPECT_NE(findings[0].text.find("code/__torch__.py"), std::string::npos);
}

TEST(Risks, NamePrograms) {
  const std::string text =
      only(risks_of({checked("extra/run.sh", "#!/bin/sh\n"), checked("extra/notes", "plain text"),
                     checked("extra/elf",
                             "\x7f"
                             "ELF...")}),
           "program-in-extra");
  EXPECT_EQ(text, "among the extra files: extra/elf (a program (ELF)), extra/run.sh (a script)");
}

TEST(Risks, NameRecordsOfNoKnownUse) {
  EXPECT_EQ(only(risks_of({checked("payload.bin", "1")}), "unreferenced-record"),
            "records that no reader of PyTorch's looks at: payload.bin");
  EXPECT_TRUE(risks_of({checked("payload.bin", "1")}, true).empty()) << "of a package";
  const auto six = risks_of({checked("a", "1"), checked("b", "1"), checked("c", "1"),
                             checked("d", "1"), checked("e", "1"), checked("f", "1")});
  EXPECT_NE(only(six, "unreferenced-record").find("e, and 1 more"), std::string::npos);
}

TEST(Risks, NameNamesThatDeceive) {
  const auto text = [](const std::string& name) {
    return only(risks_of({checked("extra/" + name, "1")}), "deceptive-name");
  };
  EXPECT_NE(text("../../home").find("leads out of its folder"), std::string::npos);
  EXPECT_NE(text("a\x1b[31m").find("control character"), std::string::npos);
  EXPECT_NE(text("a\u202e"
                 "txt.exe")
                .find("direction of text"),
            std::string::npos);
  EXPECT_EQ(text("a..b"), "0 findings");
  EXPECT_EQ(text("na\u00efve"), "0 findings");
  ModelSnapshot snapshot;
  snapshot.modules.emplace_back();
  snapshot.tensors.emplace_back();
  snapshot.tensors[0].name = "wei\u200bght";
  EXPECT_NE(only(risks_of({}, false, snapshot), "deceptive-name").find("invisible"),
            std::string::npos);
}

TEST(Risks, CountBytesOfNoRecord) {
  ZipRecord hiding = checked("data/0", "1234");
  hiding.behind = "hidden";
  EXPECT_EQ(only(risks_of({hiding}), "hidden-bytes"),
            "6 bytes of the file belong to no record; the first of them is byte 42")
      << "behind a header of 30, the name m/data/0 of 8 and 4 bytes";
}

}  // namespace
}  // namespace tally::inspector
