// What safety costs an audit: the milliseconds in which a model's risks are looked for and a reader
// gives up what it does not need. The archive has been read before, as in an audit. Prints the
// number of findings and the milliseconds.
#include <inspector/archive/byte_source.h>
#include <inspector/formats/torchscript/findings/risks.h>
#include <inspector/formats/torchscript/torchscript.h>
#include <inspector/process/sandbox.h>

#include <chrono>
#include <iostream>
#include <vector>

int main(int argc, char** argv) {
  using namespace tally::inspector;
  if (argc != 2) {
    std::cerr << "Usage: safety_cost MODEL\n";
    return 2;
  }
  const auto refuse = [](const tally::Error& error) {
    std::cerr << error.message << '\n';
    return 3;
  };
  const auto file = FileSource::open(argv[1]);
  if (!file) return refuse(file.error());
  auto archive = ArchiveReader::open(*file);
  if (!archive) return refuse(archive.error());
  const auto whole = torchscript::read(*archive, ReadLimits());
  if (!whole) return refuse(whole.error());

  const std::vector<Source> sources = read_sources(*archive, "code/", ReadLimits());
  ModelSnapshot snapshot;
  const auto start = std::chrono::steady_clock::now();
  note_risks(*archive, sources, false, snapshot);
  const auto confined = enter_sandbox({SandboxRole::kReads, {}});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  if (!confined) return refuse(confined.error());
  std::cout << snapshot.findings.size() << ' ' << took.count() << '\n';
  return 0;
}
