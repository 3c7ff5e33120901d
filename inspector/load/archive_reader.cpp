#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <inspector/formats/file_kind.h>
#include <inspector/load/archive_reader.h>
#include <inspector/load/torch_error.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace tally::inspector {
namespace {

constexpr std::size_t kLongestName =
    512;  // miniz's MZ_ZIP_MAX_ARCHIVE_FILENAME_SIZE, with the final zero

class MappingAdapter : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit MappingAdapter(std::string_view bytes) : bytes_(bytes) {}
  std::size_t size() const override { return bytes_.size(); }
  std::size_t read(std::uint64_t at, void* buffer, std::size_t n, const char*) const override {
    if (at >= bytes_.size()) return 0;
    n = std::min(n, bytes_.size() - static_cast<std::size_t>(at));
    std::memcpy(buffer, bytes_.data() + at, n);
    return n;
  }

 private:
  std::string_view bytes_;
};

/// The folder that all entries lie in, with its slash; "" where there is none.
std::string root_folder(const ZipDirectory& directory) {
  const std::string& first = directory.entries.front().name;
  const std::string root = first.substr(0, first.find('/') + 1);
  const bool common =
      std::all_of(directory.entries.begin(), directory.entries.end(),
                  [&](const ZipEntry& e) { return e.name.compare(0, root.size(), root) == 0; });
  return common ? root : "";
}

std::vector<std::string> names_of(const std::map<std::string, ZipEntry>& records) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : records) names.push_back(name);
  return names;
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Error malformed(std::string message) {
  return {ErrorCode::kMalformed, std::move(message),
          "the file is damaged; export or copy the model again"};
}

}  // namespace

struct ArchiveReader::State {
  explicit State(MappedFile f) : file(std::move(f)) {}
  MappedFile file;
  std::int64_t directory_offset = 0;
  std::map<std::string, ZipEntry> records;
  std::unique_ptr<caffe2::serialize::PyTorchStreamReader> reader;
  std::vector<std::unique_ptr<char[]>> kept;
};

ArchiveReader::ArchiveReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader& ArchiveReader::operator=(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

Result<ArchiveReader> ArchiveReader::open(const std::string& path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  auto state = std::make_unique<State>(std::move(*file));
  const std::string_view bytes = state->file.bytes();
  if (auto refusal = refuse_unless_zip(bytes)) return *refusal;
  Result<ZipDirectory> directory = read_zip_directory(bytes);
  if (!directory) return directory.error();
  state->directory_offset = directory->directory_offset;
  if (directory->entries.empty()) return malformed("the ZIP archive is empty");
  for (const ZipEntry& entry : directory->entries) {
    if (entry.name.size() >= kLongestName)
      return malformed("a record's name has " + std::to_string(entry.name.size()) +
                       " bytes; LibTorch reads " + std::to_string(kLongestName - 1));
  }
  // PyTorch puts every record below one folder, named after the file that it was saved to.
  const std::string root = root_folder(*directory);
  for (ZipEntry& entry : directory->entries) {
    std::string name = entry.name.substr(root.size());
    state->records.emplace(std::move(name), std::move(entry));
  }
  if (root.empty()) return refuse_zip(names_of(state->records));
  try {
    state->reader = std::make_unique<caffe2::serialize::PyTorchStreamReader>(
        std::make_shared<MappingAdapter>(bytes));
    // Both readers must see the same archive, or what was checked is not what will be read.
    const std::vector<std::string> names = state->reader->getAllRecords();
    const bool same = names.size() == state->records.size() &&
                      std::all_of(names.begin(), names.end(), [&](const std::string& n) {
                        return state->records.count(n) != 0;
                      });
    if (!same) return malformed("its ZIP directory can be read in two ways");
  } catch (const std::exception& e) {
    // Archives of other tools have no version record: say what they are instead.
    const bool versioned =
        state->records.count("version") != 0 || state->records.count(".data/version") != 0;
    if (!versioned) return refuse_zip(names_of(state->records));
    return malformed("LibTorch cannot open the archive: " + first_line(e));
  }
  return ArchiveReader(std::move(state));
}

const std::map<std::string, ZipEntry>& ArchiveReader::records() const { return state_->records; }
std::int64_t ArchiveReader::file_bytes() const {
  return static_cast<std::int64_t>(state_->file.bytes().size());
}
std::int64_t ArchiveReader::directory_offset() const { return state_->directory_offset; }
std::int64_t ArchiveReader::format_version() const {
  return static_cast<std::int64_t>(state_->reader->version());
}

Result<std::string_view> ArchiveReader::read(const std::string& record, std::int64_t max_bytes) {
  const auto found = state_->records.find(record);
  if (found == state_->records.end()) return malformed("record " + record + " is missing");
  const ZipEntry& entry = found->second;
  if (entry.bytes > max_bytes) {
    return Error{ErrorCode::kLimitExceeded,
                 "record " + record + " states " + std::to_string(entry.bytes) +
                     " bytes, more than the limit of " + std::to_string(max_bytes),
                 "no export of this kind is that large; if this one is, raise --max-record"};
  }
  if (entry.bytes == 0) return std::string_view{};
  try {
    // Into zeros: where decompression fails, LibTorch leaves the memory as it was, and that may
    // have been the same record of another file.
    const auto length = static_cast<std::size_t>(entry.bytes);
    auto data = std::make_unique<char[]>(length);
    const std::size_t size = state_->reader->getRecord(record, data.get(), length);
    const std::string_view bytes(data.get(), length);
    if (size != length) return malformed("record " + record + " is shorter than it states");
    if (crc32_of(bytes) != entry.crc32)
      return malformed("record " + record + ": its CRC-32 does not match");
    state_->kept.push_back(std::move(data));
    return bytes;
  } catch (const std::exception& e) {
    return malformed("record " + record + " cannot be read: " + first_line(e));
  }
}

}  // namespace tally::inspector
