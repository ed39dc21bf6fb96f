#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "run.hpp"
#include "shared_kafka.hpp"
#ifdef ORDER_PIPELINE_IS_WHOLE
#include "shared_mosquitto.hpp"
#include "shared_rabbitmq.hpp"
#endif
#include "temporary_folder.hpp"

namespace {

using waybill_test::run_result;
using waybill_test::temporary_folder;
namespace files = std::filesystem;

const files::path programs = ORDER_PIPELINE_PROGRAMS;
const std::string run_script = std::string(ORDER_PIPELINE_SOURCES) + "/run.sh";
constexpr std::chrono::seconds patience{180};

std::string read_file(const files::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The script with a folder of its own for what it leaves behind.
std::vector<std::string> command_line(const temporary_folder& folder,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"env", "LC_ALL=C.UTF-8", "TMPDIR=" + folder.path().string(),
                                   "bash", run_script};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

/// Processes that were started from this folder's programs and still run.
std::vector<std::string> processes_of(const files::path& folder) {
  std::vector<std::string> found;
  for (const auto& process : files::directory_iterator("/proc")) {
    const std::string command = read_file(process.path() / "cmdline");
    const bool is_the_script = command.find("run.sh") != std::string::npos;
    if (command.find(folder.string()) != std::string::npos && !is_the_script) {
      found.push_back(command);
    }
  }
  return found;
}

/// A folder of the pipeline's programs in which one of them is replaced by a shell script.
void replace_program(const files::path& folder, const std::string& name,
                     const std::string& script) {
  for (const files::directory_entry& each : files::directory_iterator(programs)) {
    const std::string program = each.path().filename();
    if (!each.is_regular_file() || ::access(each.path().c_str(), X_OK) != 0) continue;
    if (program == name) {
      std::ofstream(folder / program) << "#!/bin/sh\n" << script << '\n';
      files::permissions(folder / program, files::perms::owner_all);
    } else {
      files::create_symlink(programs / program, folder / program);
    }
  }
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned>(c) & 0xc0) != 0x80; }));
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  const std::size_t begin = text.find_last_of('\n', end) + 1;
  return text.substr(begin, end + 1 - begin);
}

void expect_success(const run_result& result, const std::string& services = "3, 3 and 2") {
  EXPECT_TRUE(result.succeeded()) << result;
  EXPECT_EQ(last_line(result.standard_output),
            "each of 3 orders is one trace over " + services + " services, 0 fields leaked");
  EXPECT_EQ(result.standard_error, "");
}

TEST(order_pipeline, every_order_is_one_trace_on_the_mock_cluster) {
  const temporary_folder folder("waybill-pipeline");
  const run_result result =
      waybill_test::run(command_line(folder, {programs.string()}), {}, patience);
  expect_success(result);
  EXPECT_TRUE(files::is_empty(folder.path())) << "the run left files behind";
}

TEST(order_pipeline, every_order_is_one_trace_on_a_real_kafka) {
  const temporary_folder folder("waybill-pipeline");
  const std::string bootstrap = waybill_test::shared_kafka().bootstrap();
  const run_result result = waybill_test::run(
      command_line(folder, {programs.string(), "--kafka", bootstrap}), {}, patience);
  expect_success(result);
  // Kafka takes a deleted topic out of its lists a moment after it has said so.
  const auto end = waybill_test::child_process::clock::now() + patience;
  std::string topics;
  do {
    topics = waybill_test::run({"kcat", "-L", "-b", bootstrap}).standard_output;
  } while (topics.find("shipments-") != std::string::npos &&
           waybill_test::child_process::clock::now() < end);
  EXPECT_NE(topics.find("broker"), std::string::npos) << topics;
  EXPECT_EQ(topics.find("shipments-"), std::string::npos) << "left behind: " << topics;
}

#ifdef ORDER_PIPELINE_IS_WHOLE
std::vector<std::string> whole_pipeline(const files::path& folder_of_programs) {
  const auto text = [](const auto& address) {
    return address.host + ':' + std::to_string(address.port);
  };
  return {folder_of_programs.string(),
          "--kafka",
          waybill_test::shared_kafka().bootstrap(),
          "--rabbitmq",
          text(waybill_test::shared_rabbitmq()),
          "--mqtt",
          text(waybill_test::shared_mosquitto())};
}

TEST(order_pipeline, every_order_is_one_trace_across_three_brokers) {
  const temporary_folder folder("waybill-pipeline");
  const run_result result =
      waybill_test::run(command_line(folder, whole_pipeline(programs)), {}, patience);
  expect_success(result, "5, 5 and 4");
  EXPECT_TRUE(files::is_empty(folder.path())) << "the run left files behind";
  std::istringstream lines(result.standard_output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 100U) << line;
}

TEST(order_pipeline, a_program_that_fails_ends_the_whole_run) {
  for (const char* program : {"dispatch", "courier", "rabbitmq-wire", "mqtt-wire"}) {
    SCOPED_TRACE(program);
    const temporary_folder folder("waybill-pipeline");
    const temporary_folder broken("waybill-programs");
    replace_program(broken.path(), program, "echo 'out of paper' >&2; exit 7");
    const run_result result =
        waybill_test::run(command_line(folder, whole_pipeline(broken.path())), {}, patience);
    EXPECT_FALSE(result.timed_out);
    EXPECT_TRUE(result.status.code.value_or(0) != 0) << result;
    EXPECT_NE(result.standard_error.find("out of paper"), std::string::npos) << result;
    EXPECT_TRUE(processes_of(broken.path()).empty());
    EXPECT_TRUE(files::is_empty(folder.path())) << "the run left files behind";
  }
}
#endif

TEST(order_pipeline, output_fits_into_100_columns_without_colours) {
  const temporary_folder folder("waybill-pipeline");
  const run_result result =
      waybill_test::run(command_line(folder, {programs.string()}), {}, patience);
  ASSERT_TRUE(result.succeeded()) << result;
  std::istringstream lines(result.standard_output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 100U) << line;
  EXPECT_EQ(result.standard_output.find('\x1b'), std::string::npos);
}

TEST(order_pipeline, a_program_that_fails_ends_the_run) {
  for (const char* program : {"embedded-broker", "gateway", "embedded-warehouse",
                              "embedded-billing", "kafka-wire", "shop", "report"}) {
    SCOPED_TRACE(program);
    const temporary_folder folder("waybill-pipeline");
    const temporary_folder broken("waybill-programs");
    replace_program(broken.path(), program, "echo 'out of paper' >&2; exit 7");
    const run_result result =
        waybill_test::run(command_line(folder, {broken.path().string()}), {}, patience);
    EXPECT_FALSE(result.timed_out);
    EXPECT_TRUE(result.status.code.value_or(0) != 0) << result;
    EXPECT_NE(result.standard_error.find("out of paper"), std::string::npos) << result;
    EXPECT_TRUE(processes_of(broken.path()).empty());
    EXPECT_TRUE(files::is_empty(folder.path())) << "the run left files behind";
  }
}

TEST(order_pipeline, an_interrupted_run_leaves_no_process_and_no_file) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    const temporary_folder folder("waybill-pipeline");
    const temporary_folder stuck("waybill-programs");
    const files::path mark = stuck.path() / "started";
    replace_program(stuck.path(), "embedded-billing",
                    ": >" + mark.string() + "; exec tail -f " + mark.string());
    const waybill_test::child_process script(command_line(folder, {stuck.path().string()}));
    const auto end = waybill_test::child_process::clock::now() + patience;
    while (!files::exists(mark)) {
      const auto now = waybill_test::child_process::clock::now();
      ASSERT_FALSE(script.wait_until(now + std::chrono::milliseconds(10))) << "it ended by itself";
      ASSERT_LT(now, end);
    }
    script.send_signal(signal_number);
    ASSERT_TRUE(script.wait_until(end));
    EXPECT_EQ(script.status()->code, 128 + signal_number);
    EXPECT_TRUE(processes_of(stuck.path()).empty());
    EXPECT_TRUE(files::is_empty(folder.path())) << "the run left files behind";
  }
}

/// What the report has to find: one change to the logs of a good run.
struct fault {
  const char* name;
  const char* file;
  std::vector<std::string> lines_with;  // the lines that have all of these
  std::string from;                     // the text that is replaced in them; the whole line when
  std::string to;                       // empty
  const char* complaint;
};

std::ostream& operator<<(std::ostream& stream, const fault& wrong) { return stream << wrong.name; }

class order_pipeline_report : public testing::TestWithParam<fault> {
 public:
  static void SetUpTestSuite() {
    good_run = std::make_unique<temporary_folder>("waybill-pipeline");
    const run_result result = waybill_test::run(
        {"bash", run_script, programs.string(), "--logs", good_run->path().string()}, {}, patience);
    ASSERT_TRUE(result.succeeded()) << result;
  }
  static void TearDownTestSuite() { good_run.reset(); }

 protected:
  static std::unique_ptr<temporary_folder> good_run;
};
std::unique_ptr<temporary_folder> order_pipeline_report::good_run;

/// Applies the fault; false when there is nothing it could be applied to.
bool spoil(const files::path& log, const fault& wrong) {
  std::istringstream lines(read_file(log));
  std::ofstream out(log, std::ios::trunc);
  bool is_spoilt = false;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(wrong.from);
    const bool applies = at != std::string::npos &&
                         std::ranges::all_of(wrong.lines_with, [&](const std::string& text) {
                           return line.find(text) != std::string::npos;
                         });
    is_spoilt = is_spoilt || applies;
    if (applies && wrong.from.empty()) continue;
    if (applies) line.replace(at, wrong.from.size(), wrong.to);
    out << line << '\n';
  }
  return is_spoilt;
}

TEST_P(order_pipeline_report, finds_the_fault) {
  const temporary_folder logs("waybill-logs");
  files::copy(good_run->path(), logs.path(), files::copy_options::recursive);
  ASSERT_TRUE(spoil(logs.path() / GetParam().file, GetParam()));
  const run_result result = waybill_test::run({(programs / "report").string(), logs.path().string(),
                                               "gateway,warehouse=orders,billing=shipments",
                                               "A-1001", "A-1002", "A-1003"});
  EXPECT_EQ(result.status.code, 1) << result;
  EXPECT_NE(result.standard_output.find(GetParam().complaint), std::string::npos) << result;
}

INSTANTIATE_TEST_SUITE_P(
    order_pipeline, order_pipeline_report,
    testing::Values(
        fault{"context_lost",
              "warehouse.log",
              {"saw\t", "A-1001"},
              "\ttrace=4bf9",
              "\ttrace=0000",
              "warehouse lost the context"},
        fault{"field_leaked",
              "billing.log",
              {"saw\t", "A-1002"},
              "text/plain",
              "text/plain\theader=Baggage\tvalue=k=v",
              "saw the field Baggage"},
        fault{"leaks_are_counted",
              "billing.log",
              {"saw\t", "A-1002"},
              "text/plain",
              "text/plain\theader=Baggage\tvalue=k=v",
              "1 fields leaked"},
        fault{"own_header_lost",
              "billing.log",
              {"saw\t"},
              "\theader=packed-by\tvalue=warehouse 3",
              "",
              "saw other headers than were sent"},
        fault{"own_header_made_null",
              "warehouse.log",
              {"saw\t"},
              "\theader=empty\tvalue=",
              "\theader=empty\tnull=",
              "saw other headers than were sent"},
        fault{"body_changed",
              "billing.log",
              {"saw\t", "A-1001"},
              "body=1",
              "body=2",
              "saw another body than was sent"},
        fault{"message_lost", "shipments.wire", {"A-1003"}, "", "", "billing was sent it 0 times"},
        fault{"order_not_handled",
              "billing.log",
              {"saw\t", "A-1003"},
              "",
              "",
              "billing handled it 0 times"},
        fault{"field_sent_twice",
              "shipments.wire",
              {"A-1003"},
              "\theader=tracestate",
              "\theader=TraceState\tvalue=stale=yes\theader=tracestate",
              "warehouse sent 2 fields tracestate"},
        fault{"no_field_sent",
              "orders.wire",
              {"A-1002"},
              "header=traceparent",
              "header=other",
              "gateway sent no traceparent"},
        fault{"other_trace_sent",
              "orders.wire",
              {"A-1001"},
              "00-4bf9",
              "00-0000",
              "gateway sent another trace"},
        fault{"span_missing",
              "gateway.log",
              {"span\t", "name=send orders"},
              "",
              "",
              "is not that of its send span"},
        fault{"parent_missing",
              "warehouse.log",
              {"span\t", "name=process orders"},
              "\tparent=",
              "\twas=",
              "does not run through all its services"},
        fault{"upstream_forgotten",
              "gateway.log",
              {"span\t", "name=POST"},
              "\tparent=",
              "\twas=",
              "does not hang on what the order came with"},
        fault{"send_failed",
              "warehouse.log",
              {"span\t", "name=send"},
              "outcome=succeeded",
              "outcome=unknown",
              "ended as unknown"},
        fault{"tracestate_lost_at_first",
              "gateway.log",
              {"saw\t", "A-1001"},
              "\ttracestate=shop",
              "\ttracestate=",
              "gateway lost the tracestate"},
        fault{"tracestate_lost_later",
              "billing.log",
              {"saw\t", "A-1001"},
              "\ttracestate=shop",
              "\ttracestate=",
              "the tracestate changed between warehouse and billing"},
        fault{"baggage_lost_at_first",
              "gateway.log",
              {"saw\t", "A-1001"},
              "\tbaggage=customer",
              "\twas=customer",
              "gateway lost baggage"},
        fault{"baggage_changed_on_the_wire",
              "shipments.wire",
              {},
              "K%C3%B6ln",
              "K%C3%B8ln",
              "warehouse sent other baggage"},
        fault{"baggage_lost_later",
              "billing.log",
              {},
              "\tbaggage=order.source",
              "\twas=",
              "the baggage changed between warehouse and billing"}),
    [](const testing::TestParamInfo<fault>& tried) { return std::string(tried.param.name); });

}  // namespace
