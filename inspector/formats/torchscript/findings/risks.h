// What a file could do to who runs it, told without running it.
#pragma once

#include <inspector/archive/archive_reader.h>
#include <inspector/formats/torchscript/code/sources.h>
#include <inspector/model/snapshot.h>

#include <vector>

namespace tally::inspector {

/// Adds findings to `snapshot`, each with the place that shows it:
///   unsafe-operator      an operator that touches files, processes or the network when it is run
///   unknown-operator     an operator of a library that is not PyTorch's
///   unknown-class        a custom class of such a library
///   state-code           a class whose __setstate__ runs when the file is loaded
///   unscanned-code       a source that cannot be read: what it does is not known
///   hidden-bytes         bytes of the file that belong to no record
///   unreferenced-record  records that no reader of PyTorch's looks at
///   program-in-extra     a program, a script or a pickle among the extra files
///   deceptive-name       a name with control characters or one that leads out of a folder
/// `sources` are all of the archive's, those too that no module uses. Of a torch.package, whose
/// records are whatever its author put in, no record is called unreferenced.
void note_risks(ArchiveReader& archive, const std::vector<Source>& sources, bool is_package,
                ModelSnapshot& snapshot);

}  // namespace tally::inspector
