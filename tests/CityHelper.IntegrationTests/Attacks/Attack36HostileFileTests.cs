using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using CityHelper.Data;
using CityHelper.Data.Import;
using CityHelper.IntegrationTests.Commands;
using CityHelper.IntegrationTests.Import;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 36: endless files, files that are not files, and files with little content at great length. One script fetches a city's data and
/// another imports it: nobody looks at it.
/// </summary>
public sealed class Attack36HostileFileTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    private const string Header = "Unique Key,Created Date,Complaint Type,Resolution Description\n";

    /// <summary>
    /// The successful cases take seconds, even on a busy machine; the others would wait forever, so the exact value does not matter.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Bytes that the process may allocate for a file of a gigabyte: the import holds no file in memory. A record of a million cells, the
    /// most it reads of one, takes 120 MB.
    /// </summary>
    private const long AllocatedBytesMax = 192L << 20;

    /// <summary>
    /// Every command that reads a file gets something else: a pipe without a writer, or a device that returns zeros forever.
    /// </summary>
    [Theory]
    [InlineData("pipe")]
    [InlineData("link to a pipe")]
    [InlineData("socket")]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/environ")]
    public async Task What_is_no_file_is_refused_by_every_command_before_it_is_opened(string what)
    {
        string path = await MakeAsync(what);
        string operations = Directory.CreateDirectory(Path.Combine(Folder, "operations", "web")).Parent!.FullName;
        foreach (string[] command in new[]
        {
            ["import", "--city", "nyc", path],
            ["import-boundaries", "--city", "nyc", "--kind", "area", path],
            ["schema", "diff", path],
            new[] { "schema", "diff", "-", path },
        })
        {
            await AssertRefusedAsync($"{path} is empty, or no file: a pipe, a device, a socket, ", command);
        }

        string manifest = Path.Combine(operations, "manifest.json");
        File.CreateSymbolicLink(manifest, path);
        foreach (string[] command in new[]
        {
            ["schema", "diff", "-", "--operations", operations],
            ["operations", "build", operations],
            ["operations", "check", operations],
            ["operations", "publish", operations],
            new[] { "operations", "list" },
        })
        {
            await AssertRefusedAsync($"{manifest} is empty, or no file: a pipe, a device, a socket, ", command);
        }

        File.Delete(manifest);
        string operation = Path.Combine(operations, "web", "A.graphql");
        File.CreateSymbolicLink(operation, path);
        await AssertRefusedAsync($"{operation} is empty, or no file: a pipe, a device, a socket, ", "operations", "build", operations);
    }

    [Fact]
    public async Task Folders_and_links_that_lead_nowhere_are_refused()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, "folder.csv")).FullName;
        await AssertRefusedAsync($"{folder} is a folder: name the file in it.", "import", "--city", "nyc", folder);
        string circle = Path.Combine(Folder, "circle.csv");
        File.CreateSymbolicLink(circle, circle);
        await AssertRefusedAsync($"{circle} cannot be opened: it may not be read.", "import", "--city", "nyc", circle);
        string dangling = Path.Combine(Folder, "dangling.csv");
        File.CreateSymbolicLink(dangling, Path.Combine(Folder, "nothing.csv"));
        await AssertRefusedAsync($"{dangling} is empty, or no file: ", "import", "--city", "nyc", dangling);
        await AssertRefusedAsync(" cannot be opened: there is no such file.", "import", "--city", "nyc", "");
        await AssertRefusedAsync("a\uFFFD[2J cannot be opened: there is no such file.", "import", "--city", "nyc", "a\u001b[2J");

        // A link to a file is a file.
        string link = Path.Combine(Folder, "link.csv");
        File.CreateSymbolicLink(link, Write("target.csv", Header + "1,6/1/24 8:00,Noise,\n"));
        Assert.Equal(1, (await ImportAsync(link)).Inserted);
    }

    /// <summary>A sparse file takes no disk space: its length is refused.</summary>
    [Fact]
    public async Task A_file_beyond_all_bounds_is_refused_before_it_is_read()
    {
        string sparse = Path.Combine(Folder, "sparse.csv");
        await using (var file = new FileStream(sparse, FileMode.Create))
        {
            file.SetLength(Limits.ImportBytesMax + 1);
        }

        Assert.Equal("sparse.csv is larger than 65,536 MB: simplify it, or split it.", await RefusedAsync(sparse).WaitAsync(s_patience));
        await AssertRefusedAsync("sparse.csv is larger than 16 MB: simplify it, or split it.", "schema", "diff", sparse);
    }

    /// <summary>A hundred megabytes of blank lines, and three hundred as one record; a parser makes a record of each.</summary>
    [Theory]
    [InlineData("\n", 100, false)]
    [InlineData("\r\n", 100, false)]
    [InlineData("\n", 300, true)]
    public async Task Blank_lines_are_no_rows_and_cost_next_to_nothing(string lineBreak, int megabytes, bool isPacked)
    {
        string path = isPacked ? Packed("blank.csv.gz", Stream) : Written("blank.csv", Stream);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        ImportSummary summary = await ImportAsync(path, batchRows: 1_000).WaitAsync(s_patience);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, AllocatedBytesMax);
        Assert.Equal((2, 1, 1), (summary.Read, summary.Inserted, summary.Rejected));

        // The line of the rejected row, after all the blank ones.
        int lines = megabytes * (1 << 20) / lineBreak.Length + 2;
        Assert.StartsWith($"{lines + 1},", (await File.ReadAllLinesAsync(summary.RejectsFile!))[1], StringComparison.Ordinal);

        void Stream(Stream stream)
        {
            stream.Write(Encoding.UTF8.GetBytes(Header + "1,6/1/24 8:00,Noise,\n"));
            byte[] block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(lineBreak, (1 << 20) / lineBreak.Length)));
            for (int i = 0; i < megabytes; i++)
            {
                stream.Write(block);
            }

            stream.Write("2,never,Noise,\n"u8);
        }
    }

    [Fact]
    public async Task Blank_lines_alone_are_no_file() =>
        Assert.Equal(
            "blank.csv is empty: not even a header line.",
            await RefusedAsync(Write("blank.csv", new string('\n', 10 << 20))).WaitAsync(s_patience));

    /// <summary>
    /// Skips blank lines between records but not in quotes, and reports each rejected row with its own line. The random file has quotes in
    /// a field, commas and line breaks in quotes, and quotes in quotes.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Blank_lines_are_told_from_those_in_quotes(int seed)
    {
        var random = new Random(seed);
        var file = new StringBuilder(Header);
        var expected = new List<(string Key, string Text)>();
        List<int> rejected = [];
        int line = 2;
        for (int key = 0; key < 4_000; key++)
        {
            for (int blank = random.Next(3) == 0 ? random.Next(40) : 0; blank > 0; blank--)
            {
                Append(random.Next(2) == 0 ? "\n" : "\r\n");
            }

            string text = string.Concat(
                Enumerable
                    .Range(0, 1 + random.Next(6))
                    .Select(_ =>
                        random.Next(6) switch
                        {
                            0 => "\n",
                            1 => "\"",
                            2 => ",",
                            3 => "\r\n\r\n",
                            4 => "\n\n\n",
                            _ => "word",
                        }
                    ));
            string lineBreak = random.Next(2) == 0 ? "\n" : "\r\n";
            switch (random.Next(4))
            {
                case 0:
                    rejected.Add(line);
                    Append($"{key},never,\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\",x{lineBreak}");
                    break;
                case 1:
                    expected.Add(($"{key}", "5\" pipe\"\""));
                    Append($"{key},6/1/24 8:00,Noise,5\" pipe\"\"{lineBreak}");
                    break;
                default:
                    expected.Add(($"{key}", $"a{text}z"));
                    Append($"{key},6/1/24 8:00,\"Noise\",\"a{text.Replace("\"", "\"\"", StringComparison.Ordinal)}z\"{lineBreak}");
                    break;
            }
        }

        ImportSummary summary = await ImportAsync(Write("mixed.csv", file.ToString()), batchRows: 1_000);
        Assert.Equal((4_000, expected.Count), (summary.Read, summary.Inserted));
        Assert.Equal(
            expected.Select(row => $"{row.Key}|{row.Text}").Order(StringComparer.Ordinal),
            (await RowsAsync("select external_id, resolution from service_request")).Order(StringComparer.Ordinal));
        Assert.Equal(
            rejected.Select(number => $"{number},\"Created Date `never` is not a date this source writes\""),
            (await File.ReadAllTextAsync(summary.RejectsFile!))
                .Split('\n')
                .Where(row => row.Contains("not a date", StringComparison.Ordinal))
                .Select(row => row[..(row.IndexOf("writes\"", StringComparison.Ordinal) + 7)]));

        void Append(string part)
        {
            file.Append(part);
            line += part.Count(c => c == '\n');
        }
    }

    [Theory]
    [InlineData(150_000, "x", Limits.RejectsRowsMax)]
    [InlineData(30_000, "long", null)]
    public async Task A_rejects_file_is_bounded_and_says_how_many_it_does_not_list(int rows, string text, int? listed)
    {
        // The rejects file doubles each quote.
        string description = text == "long" ? new string('\u20ac', 2_000) : text;
        string path = Written("rejects.csv", stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.Write(Header);
            for (int i = 0; i < rows; i++)
            {
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"{i},never,Noise,{description}\n"));
            }
        });
        ImportSummary summary = await ImportAsync(path);
        Assert.Equal((rows, rows), (summary.Read, summary.Rejected));
        string[] lines = await File.ReadAllLinesAsync(summary.RejectsFile!);
        Assert.InRange(new FileInfo(summary.RejectsFile!).Length, 1, Limits.RejectsBytesMax + 200);
        int inFile = lines.Length - 2;
        Assert.Equal(listed ?? inFile, inFile);
        Assert.InRange(inFile, 1, rows - 1);
        Assert.Equal(
            string.Create(
                CultureInfo.InvariantCulture, $",\"{rows - inFile:N0} more rows were refused and are not listed: put these right first\","),
            lines[^1]);
        Assert.StartsWith($"{inFile + 1},", lines[^2], StringComparison.Ordinal);
    }

    /// <summary>Rows wait in memory while the database is busy: a broken row keeps only the text of its report.</summary>
    [Fact]
    public async Task Very_long_records_that_are_refused_are_told_by_their_beginnings()
    {
        string path = Packed("long.csv.gz", stream =>
        {
            stream.Write(Encoding.UTF8.GetBytes("Unique Key,Created Date,Complaint Type,Latitude,Longitude\n"));
            byte[] cell = Encoding.UTF8.GetBytes(new string('9', 1_000_000));
            for (int i = 0; i < 300; i++)
            {
                stream.Write(Encoding.UTF8.GetBytes($"{i},6/1/24 8:00,Noise,"));
                stream.Write(cell);
                stream.Write(",1\n"u8);
            }
        });
        ImportSummary summary = await ImportAsync(path).WaitAsync(s_patience);
        Assert.Equal((300, 300), (summary.Read, summary.Rejected));
        string[] lines = await File.ReadAllLinesAsync(summary.RejectsFile!);
        Assert.Equal(301, lines.Length);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 2 * Limits.RejectsRecordCharsMax + 100));
    }

    /// <summary>
    /// A gigabyte of one record, of zero bytes, of one field, of a header: refused at the first megabyte, however well it compresses.
    /// </summary>
    [Theory]
    [InlineData("1,6/1/24 8:00,Noise,", 'x')]
    [InlineData("1,6/1/24 8:00,Noise,\"", '\n')]
    [InlineData("1,6/1/24 8:00,Noise,", '\0')]
    [InlineData("1,6/1/24 8:00,Noise,", ',')]
    [InlineData(null, 'x')]
    [InlineData(null, ',')]
    [InlineData(null, '\0')]
    public async Task A_gigabyte_without_an_end_is_refused_at_its_beginning(string? row, char filling)
    {
        // A gzip file may consist of many members (RFC 1952, 2.2), so the test compresses a megabyte once. The import reads only the first
        // one before it refuses.
        byte[] block = new byte[1 << 20];
        Array.Fill(block, (byte)filling);
        byte[] member = Member(block);
        string path = Written("bomb.csv.gz", file =>
        {
            file.Write(Member([.. Encoding.UTF8.GetBytes(row is null ? "" : Header + row), .. block, .. block]));
            for (int i = 2; i < 1_024; i++)
            {
                file.Write(member);
            }
        });
        long before = GC.GetTotalAllocatedBytes(precise: true);
        string sentence = await RefusedAsync(path).WaitAsync(s_patience);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, AllocatedBytesMax);
        Assert.StartsWith("bomb.csv.gz", sentence, StringComparison.Ordinal);
        Assert.Equal("", await ContentAsync());
    }

    /// <summary>A message quotes a file's text shortened and without control sequences.</summary>
    [Fact]
    public async Task A_sentence_about_a_file_is_no_longer_than_one_is_and_steers_nothing()
    {
        string name = "\u001b[2J" + new string('x', 100_000);
        string path = Write("twice.csv", $"Unique Key,Created Date,Complaint Type,{name},{name}\n");
        CommandRun run = await RunAsync("import", "--city", "nyc", path);
        Assert.Equal(1, run.Code);
        Assert.StartsWith("twice.csv: the header has the column \uFFFD[2Jxxx", run.Error, StringComparison.Ordinal);
        Assert.InRange(run.Error.Length, 1, Limits.SentenceCharsMax + 10);
    }

    private async Task AssertRefusedAsync(string sentence, params string[] command)
    {
        CommandRun run = await RunAsync(command).WaitAsync(s_patience);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.StartsWith(sentence, run.Error, StringComparison.Ordinal);
    }

    private Task<CommandRun> RunAsync(params string[] command) => CommandRun.OfAsync(
        new Dictionary<string, string?>
        {
            [CityHelperDatabase.ConnectionStringKey] = ConnectionString,
            [CityHelper.Server.ServerApplication.HomeKey] = Folder,
            [CityHelper.Server.ServerApplication.OperationsKey] = Path.Combine(Folder, "operations"),
        },
        command);

    private async Task<string> MakeAsync(string what)
    {
        string pipe = Path.Combine(Folder, "pipe.csv");
        switch (what)
        {
            case "pipe" or "link to a pipe":
                using (Process made = Process.Start("mkfifo", pipe))
                {
                    await made.WaitForExitAsync();
                }

                string link = Path.Combine(Folder, "link.csv");
                File.CreateSymbolicLink(link, pipe);
                return what == "pipe" ? pipe : link;
            case "socket":
                // The name remains when the socket is closed.
                string socket = Path.Combine(Folder, "socket.csv");
                using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(Folder, "bound")));
                    File.Move(Path.Combine(Folder, "bound"), socket);
                }

                return socket;
            default:
                return what;
        }
    }

    private string Written(string name, Action<Stream> write)
    {
        string path = Path.Combine(Folder, name);
        using var file = new FileStream(path, FileMode.Create);
        write(file);
        return path;
    }

    private static byte[] Member(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    private string Packed(string name, Action<Stream> write) => Written(name, file =>
    {
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        write(gzip);
    });
}
