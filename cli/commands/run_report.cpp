#include <cli/commands/run_report.h>

namespace tally::cli {

void run_report(Session& session, const OutputOptions& options,
                const std::vector<std::string>& inputs,
                const std::function<Result<report::Report>()>& make) {
  auto output = Output::open(options, inputs);
  if (!output) return fail(session, output.error(), options.format);
  const auto report = make();
  if (!report) return fail(session, report.error(), options.format);
  if (const auto written = output->write(*report); !written) fail(session, written.error());
}

}  // namespace tally::cli
