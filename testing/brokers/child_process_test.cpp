#include "child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "loopback_port.hpp"
#include "run.hpp"
#include "temporary_folder.hpp"
#include "unique_descriptor.hpp"

namespace waybill_test {
namespace {

TEST(run, keeps_both_outputs_and_the_exit_code_apart) {
  const run_result result = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.standard_output, "out\n");
  EXPECT_EQ(result.standard_error, "err\n");
  EXPECT_EQ(result.status, (exit_status{3, std::nullopt}));
  EXPECT_FALSE(result.timed_out);
  EXPECT_FALSE(result.succeeded());
}

TEST(run, hands_over_the_input_byte_for_byte) {
  const std::string input("a\0b\xff\n\n", 6);
  const run_result result = run({"cat"}, input);
  EXPECT_TRUE(result.succeeded()) << result;
  EXPECT_EQ(result.standard_output, input);
}

TEST(run, gives_an_empty_input_that_ends) { EXPECT_EQ(run({"cat"}).standard_output, ""); }

TEST(run, is_not_blocked_by_much_input_and_output) {
  const std::string input(8U << 20U, 'x');
  const run_result result = run({"cat"}, input);
  EXPECT_TRUE(result.succeeded());
  EXPECT_TRUE(result.standard_output == input);
}

TEST(run, is_not_blocked_by_a_program_that_leaves_its_input_unread) {
  const std::string input(8U << 20U, 'x');
  EXPECT_TRUE(run({"true"}, input).succeeded());
}

TEST(run, passes_arguments_without_a_shell) {
  const run_result result = run({"printf", "%s|", "a b", "$HOME", "", "*"});
  EXPECT_EQ(result.standard_output, "a b|$HOME||*|");
}

TEST(run, kills_a_program_at_the_deadline_and_keeps_its_output) {
  const run_result result =
      run({"sh", "-c", "echo begun; exec tail -f /dev/null"}, {}, std::chrono::seconds(3));
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(result.status, (exit_status{std::nullopt, SIGKILL}));
  EXPECT_EQ(result.standard_output, "begun\n");
}

TEST(run, tells_a_signal_from_an_exit_code) {
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$"}).status, (exit_status{std::nullopt, SIGTERM}));
}

TEST(run, throws_for_a_program_that_is_not_there) {
  EXPECT_THROW(run({"waybill-no-such-program"}), std::system_error);
  EXPECT_THROW(run({"/no/such/program"}), std::system_error);
  EXPECT_THROW(run({}), std::invalid_argument);
}

struct pipe_ends {
  unique_descriptor reader;
  unique_descriptor writer;
};

pipe_ends make_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {unique_descriptor(ends[0]), unique_descriptor(ends[1])};
}

TEST(child_process, outlives_the_thread_that_made_it) {
  const pipe_ends input = make_pipe();
  const pipe_ends output = make_pipe();
  std::unique_ptr<child_process> child;
  std::thread([&] {
    child =
        std::make_unique<child_process>(std::vector<std::string>{"cat"},
                                        child_streams{input.reader.get(), output.writer.get(), -1});
  }).join();

  for (char sent = 'a'; sent <= 'z'; ++sent) {
    ASSERT_EQ(::write(input.writer.get(), &sent, 1), 1);
    char received = 0;
    ASSERT_EQ(::read(output.reader.get(), &received, 1), 1);
    ASSERT_EQ(received, sent);
  }
  EXPECT_TRUE(child->running());
}

TEST(child_process, is_killed_with_what_it_started) {
  pipe_ends output = make_pipe();
  const child_process child({"sh", "-c", "tail -f /dev/null & echo x; wait"},
                            {-1, output.writer.get(), -1});
  output.writer.reset();
  std::array<char, 2> begun{};
  ASSERT_EQ(::read(output.reader.get(), begun.data(), begun.size()), 2);
  child.kill();
  // The end of the pipe comes when nobody holds its other end any more.
  pollfd entry{output.reader.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&entry, 1, 30'000), 1);
  EXPECT_EQ(::read(output.reader.get(), begun.data(), begun.size()), 0);
}

TEST(child_process, gets_no_descriptor_but_its_three_streams) {
  constexpr int far_from_the_shells_own = 77;
  const unique_descriptor null_device(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const unique_descriptor inheritable(::fcntl(null_device.get(), F_DUPFD, far_from_the_shells_own));
  ASSERT_GE(inheritable.get(), 0);
  const run_result result = run({"sh", "-c", "echo /proc/$$/fd/*"});
  EXPECT_NE(result.standard_output.find("/fd/2"), std::string::npos) << result;
  EXPECT_EQ(result.standard_output.find("/fd/" + std::to_string(inheritable.get())),
            std::string::npos)
      << result;
}

TEST(child_process, is_reaped_before_its_owner_is_gone) {
  pid_t id = 0;
  {
    const child_process child({"tail", "-f", "/dev/null"});
    id = child.id();
    EXPECT_TRUE(child.running());
    EXPECT_EQ(::kill(id, 0), 0);
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(id)));
}

TEST(child_process, reports_its_end_once_and_for_all) {
  const child_process child({"sh", "-c", "exit 5"});
  ASSERT_TRUE(child.wait_until(child_process::clock::now() + std::chrono::seconds(10)));
  child.kill();
  child.send_signal(SIGTERM);
  EXPECT_EQ(child.status(), (exit_status{5, std::nullopt}));
  EXPECT_EQ(to_string(*child.status()), "exit code 5");
}

TEST(temporary_folder, is_removed_with_its_content) {
  std::filesystem::path path;
  {
    const temporary_folder folder("waybill-folder-test");
    path = folder.path();
    std::filesystem::create_directories(path / "a" / "b");
    EXPECT_TRUE(std::filesystem::is_directory(path / "a" / "b"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(loopback_port, is_never_chosen_twice_at_a_time) {
  std::vector<std::unique_ptr<loopback_port>> ports;
  std::vector<int> numbers;
  for (int i = 0; i < 300; ++i) {
    ports.push_back(std::make_unique<loopback_port>());
    numbers.push_back(ports.back()->number());
  }
  std::ranges::sort(numbers);
  EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end());
}

}  // namespace
}  // namespace waybill_test
