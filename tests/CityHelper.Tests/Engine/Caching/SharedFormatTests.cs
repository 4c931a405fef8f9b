using System.Security.Cryptography;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine.Caching;

/// <summary>Bytes that somebody else has written, changed or moved are no answer.</summary>
public sealed class SharedFormatTests : IAsyncLifetime
{
    private const string Name = "a";

    private static readonly SharedFormat s_format = Format("one", "build");

    private Operation _operation = null!;

    public async Task InitializeAsync()
    {
        await using ServiceProvider services = SchemaServices.CreateOffline();
        var compiler = new OperationCompiler(services.GetRequiredService<ISchema>());
        _operation = (await compiler.CompileAsync("{ cities { slug } }", null, CancellationToken.None)).Operation!;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_answer_is_read_as_it_was_written(bool hasEnd)
    {
        StoredAnswer written = Answer(hasEnd ? new DateTime(2026, 11, 30, 12, 0, 0, DateTimeKind.Utc) : null);
        StoredAnswer read = Read(s_format, Name, s_format.Write(Name, written))!;
        Assert.Equal(written.Body, read.Body);
        Assert.Equal(
            (written.Tenant, written.Position, written.Cursor, written.Until, written.Policy, written.CacheTag, written.ETag),
            (read.Tenant, read.Position, read.Cursor, read.Until, read.Policy, read.CacheTag, read.ETag));
        Assert.Equal(written.Slots, read.Slots);
    }

    [Fact]
    public void Every_changed_bit_and_every_shorter_text_is_refused()
    {
        byte[] bytes = s_format.Write(Name, Answer(null));
        for (int i = 0; i < 8 * bytes.Length; i++)
        {
            bytes[i / 8] ^= (byte)(1 << (i % 8));
            Assert.Null(Read(s_format, Name, bytes));
            bytes[i / 8] ^= (byte)(1 << (i % 8));
        }

        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Null(Read(s_format, Name, bytes[..length]));
        }

        Assert.Null(Read(s_format, Name, [.. bytes, 0]));
        Assert.NotNull(Read(s_format, Name, bytes));
    }

    [Fact]
    public void Random_bytes_are_refused()
    {
        var random = new Random(1);
        for (int i = 0; i < 10_000; i++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            Assert.Null(Read(s_format, Name, bytes));
        }
    }

    [Fact]
    public void The_answer_of_another_name_key_or_build_is_none()
    {
        byte[] bytes = s_format.Write(Name, Answer(null));
        Assert.Null(Read(s_format, "b", bytes));
        Assert.Null(Read(Format("two", "build"), Name, bytes));
        var question = new Question("web", "/x");
        string[] names =
        [
            s_format.NameOf(question),
            s_format.NameOf(question with { Client = "civic" }),
            s_format.NameOf(question with { Target = "/y" }),
            Format("two", "build").NameOf(question),
            Format("one", "other").NameOf(question),
        ];
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Equal(names[0], Format("one", "build").NameOf(question));
    }

    private static SharedFormat Format(string key, string build) => new(
        new CursorKeys(new CursorKey(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key))), Previous: null),
        new ResponseCacheOptions { Build = build });

    private StoredAnswer Answer(DateTime? until)
    {
        Tag[] tags = [Tag.All, new(TagKind.Row, -3), new(TagKind.Cell, long.MaxValue), new(TagKind.Rows)];
        var dependencies = new Dependencies(-2, tags) { Until = until };
        return new StoredAnswer("{}"u8.ToArray(), _operation, new CachePolicy(60, 30, 5), dependencies, new LogPosition(7, 1L << 40))
        {
            Cursor = "cursor",
            TenantName = "one",
        };
    }

    private StoredAnswer? Read(SharedFormat format, string name, byte[] bytes) =>
        format.Read(name, bytes, _operation, now: 0);
}
