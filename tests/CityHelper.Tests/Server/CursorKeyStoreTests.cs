using CityHelper.Engine.Cursors;
using CityHelper.Server;
using CityHelper.Server.Configuration;
using CityHelper.Server.Security;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class CursorKeyStoreTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cityhelper-keys-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void Without_a_key_one_is_made_that_only_its_owner_reads_and_that_stays()
    {
        CursorKeys made = Load();
        string file = Assert.Single(Directory.GetFiles(_home));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(Cursor(made), Cursor(Load()));
    }

    [Fact]
    public void Servers_that_start_at_once_agree_on_one_key()
    {
        string[] cursors = new string[8];
        Parallel.For(0, cursors.Length, i => cursors[i] = Cursor(Load()));
        Assert.Single(cursors.Distinct());
        Assert.Single(Directory.GetFiles(_home));
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    public void A_key_file_that_was_cut_off_is_refused(string content)
    {
        File.WriteAllText(Path.Combine(_home, "cursor.key"), content);
        Assert.Contains("delete it", Assert.Throws<ConfigurationException>(() => Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_come_from_the_configuration_when_it_has_them()
    {
        string one = Convert.ToBase64String(Enumerable.Repeat((byte)1, CursorKey.KeyBytes).ToArray());
        string two = Convert.ToBase64String(Enumerable.Repeat((byte)2, CursorKey.KeyBytes).ToArray());
        CursorKeys before = Load(Environments.Production, (CursorKeyStore.CurrentKey, one));
        CursorKeys after = Load(Environments.Production, (CursorKeyStore.CurrentKey, two), (CursorKeyStore.PreviousKey, one));
        Assert.Equal(new KeysetPosition(42, 0), new CursorSigner(after, "q").Open(Cursor(before)));
        Assert.Empty(Directory.GetFiles(_home));
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("c2hvcnQ=")]
    public void A_configured_key_that_is_none_is_refused(string key) =>
        Assert.Contains(
            "32 bytes",
            Assert.Throws<ConfigurationException>(() => Load(Environments.Development, (CursorKeyStore.CurrentKey, key))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Production_makes_no_key_of_its_own() =>
        Assert.Contains(
            "the same on every server",
            Assert.Throws<ConfigurationException>(() => Load(Environments.Production)).Message,
            StringComparison.Ordinal);

    private CursorKeys Load(string? environment = null, params (string Key, string Value)[] settings)
    {
        CursorSettings read = SettingsReader.Read<CursorSettings>(
            new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build());
        var host = new HostingEnvironment { EnvironmentName = environment ?? Environments.Development };
        string[] problems = [.. ((ISettings)read).Problems(host)];
        return problems.Length == 0 ? CursorKeyStore.Load(read, _home) : throw new ConfigurationException(problems);
    }

    private static string Cursor(CursorKeys keys)
    {
        byte[] ascii = new byte[CursorSigner.CursorChars];
        new CursorSigner(keys, "q").Sign(new KeysetPosition(42, 0), ascii);
        return System.Text.Encoding.ASCII.GetString(ascii);
    }
}
