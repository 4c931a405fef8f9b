using System.Text;
using CityHelper.Data.Import;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

/// <summary>A broken file gives one sentence and changes nothing; a broken row affects only itself.</summary>
public sealed class BrokenFileTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    private static readonly string Good = "Unique Key,Created Date,Complaint Type\n"
        + string.Concat(Enumerable.Range(1, 5_000).Select(key => $"{key},6/1/24 8:00,Noise {key % 10} {Guid.NewGuid()}\n"));

    [Fact]
    public async Task A_missing_file() =>
        await AssertRefusedAsync("/nowhere/at/all.csv", "/nowhere/at/all.csv cannot be opened: there is no such file.");

    [Fact]
    public async Task An_empty_file() =>
        await AssertRefusedAsync(
            Write("empty.csv", ""),
            $"{Path.Combine(Folder, "empty.csv")} is empty, or no file: a pipe, a device, a socket, a link that leads nowhere. What is "
                + "read twice, and to its end, must be a file; write it to one first, and give that.");

    [Fact]
    public async Task Text_that_is_named_gzip() => await AssertRefusedAsync(
        Write("text.csv.gz", Good), "text.csv.gz is named .gz but is not gzip; decompress it or fetch it again.");

    [Fact]
    public async Task Gzip_that_is_named_text() => await AssertRefusedAsync(
        Write("packed.csv", Gzip(Encoding.UTF8.GetBytes(Good))), "packed.csv is gzip but is not named so; rename it to packed.csv.gz.");

    [Fact]
    public async Task Gzip_that_is_cut_off()
    {
        byte[] packed = Gzip(Encoding.UTF8.GetBytes(Good));
        await AssertRefusedAsync(
            Write("cut.csv.gz", packed[..(packed.Length * 2 / 3)]),
            "cut.csv.gz is cut off: its gzip ends before its content does; fetch it again (a file of several gzip parts must be "
                + "decompressed first).");
    }

    [Fact]
    public async Task Gzip_that_is_damaged_in_the_middle()
    {
        byte[] packed = Gzip(Encoding.UTF8.GetBytes(Good));
        packed.AsSpan(packed.Length / 2, 200).Fill(0xFF);
        string sentence = await RefusedAsync(Write("damaged.csv.gz", packed));
        Assert.StartsWith("damaged.csv.gz", sentence, StringComparison.Ordinal);
        await AssertNothingAsync();
    }

    [Fact]
    public async Task Another_citys_file() => await AssertRefusedAsync(
        Write("la.csv", "SRNumber,CreatedDate\n1,2\n"),
        "la.csv: this is not New York's 311 export: the header has no column Unique Key, Complaint Type.");

    [Fact]
    public async Task A_header_with_a_column_twice() =>
        await AssertRefusedAsync(
            Write("twice.csv", "Unique Key,Created Date,unique_key,Complaint Type\n"),
            "twice.csv: the header has the column unique_key twice.");

    [Fact]
    public async Task A_quote_that_is_never_closed() => await AssertRefusedAsync(
        Write("quote.csv", Good + "7000,6/1/24 8:00,\"Noise\n7001,6/1/24 8:00,Noise\n"),
        "quote.csv: a quote in the record that begins on line 5002 is never closed, or is followed by more text.");

    [Fact]
    public async Task A_quote_that_swallows_a_large_file()
    {
        string rest = string.Concat(Enumerable.Repeat(Good, 8));
        await AssertRefusedAsync(
            Write("swallowed.csv", Good + "7000,6/1/24 8:00,\"Noise\n" + rest),
            "swallowed.csv: the record that begins on line 5002 does not end within 1,048,576 characters; probably a quote in it is never "
                + "closed.");
    }

    [Fact]
    public async Task A_header_alone_is_a_file_without_rows()
    {
        ImportSummary summary = await ImportAsync(Write("header.csv", "Unique Key,Created Date,Complaint Type\n"));
        Assert.Equal((0, 0, 0), (summary.Read, summary.Inserted, summary.Rejected));
    }

    [Fact]
    public async Task Broken_rows_are_rejected_with_their_lines_and_the_others_come_in()
    {
        byte[] file = [
            .. "Unique Key,Created Date,Complaint Type\r\n1,6/1/24 8:00,Noise\r\n2,6/1/24 8:00\r\n"u8,
            .. "3,6/1/24 8:00,Noise,more\r\n\r\n4,6/1/24 8:00,No"u8,
            0xFF, .. "ise\r\n5,6/1/24 8:00,\"No\r\nise\"\r\n6,6/1/24 8:00,No\0ise\r\n7,tomorrow,Noise\r\n8,6/1/24 8:00,#8"u8];
        ImportSummary summary = await ImportAsync(Write("rows.csv", file));
        Assert.Equal((8, 3, 5), (summary.Read, summary.Inserted, summary.Rejected));
        Assert.Equal(["1", "5", "8"], await RowsAsync("select external_id from service_request order by 1"));
        Assert.Equal(
            [
                "3,\"has 2 cells, the header has 3\"",
                "4,\"has 4 cells, the header has 3\"",
                "6,\"has bytes that are not UTF-8\"",
                "9,\"has a zero byte\"",
                "10,\"Created Date `tomorrow` is not a date this source writes\"",
            ],
            (await File.ReadAllLinesAsync(summary.RejectsFile!))
                .Skip(1)
                .Select(line => line[..(line.IndexOf("\",", StringComparison.Ordinal) + 1)]));
    }

    private async Task AssertRefusedAsync(string path, string sentence)
    {
        Assert.Equal(sentence, await RefusedAsync(path));
        await AssertNothingAsync();
    }

    private async Task AssertNothingAsync()
    {
        Assert.Equal("", await ContentAsync());
        Assert.Equal(["0|1"], await RowsAsync(
            "select (select count(*)::text from import_run), count(*)::text from pg_class where relnamespace = 'staging'::regnamespace "
                + "and relkind = 'r'"));
        Assert.False(Directory.Exists(RejectsFolder) && Directory.EnumerateFiles(RejectsFolder).Any());
    }

    [Fact]
    public async Task A_record_that_begins_with_a_zero_byte_is_counted_and_shifts_no_line()
    {
        ImportSummary summary = await ImportAsync(WriteRows("", "1,6/1/24 8:00,Noise", "\02,6/1/24 8:00,Noise", "3,never,Noise"));
        Assert.Equal((3, 1, 2), (summary.Read, summary.Inserted, summary.Rejected));
        string[] rejects = await File.ReadAllLinesAsync(summary.RejectsFile!);
        Assert.Equal(["3", "4"], rejects.Skip(1).Select(line => line.Split(',')[0]));
    }

    [Fact]
    public async Task Empty_columns_that_a_spreadsheet_left_are_no_matter()
    {
        ImportSummary summary = await ImportAsync(WriteRows("Status,,", "1,6/1/24 8:00,Noise,Open,,"));
        Assert.Equal(1, summary.Inserted);
    }

    [Fact]
    public async Task A_file_with_a_very_long_name_has_a_rejects_file_all_the_same()
    {
        string path = Write(new string('\u00e4', 120) + ".csv", "Unique Key,Created Date,Complaint Type\n1,never,Noise\n");
        Assert.True(File.Exists((await ImportAsync(path)).RejectsFile));
    }
}
