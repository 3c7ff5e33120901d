#include <cli/commands/run_report.h>

namespace tally::cli {

void run_report(Session& session, const OutputOptions& options,
                const std::function<Result<report::Report>()>& make) {
  auto output = Output::open(options);
  if (!output) return fail(session, output.error(), options.format);
  const auto report = make();
  if (!report) return fail(session, report.error(), options.format);
  const auto written = output->write(*report);
  if (!written) fail(session, written.error(), options.format);
}

}  // namespace tally::cli
