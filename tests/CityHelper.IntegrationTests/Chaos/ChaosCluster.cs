using System.Diagnostics;
using System.Globalization;
using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Serving;
using Npgsql;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>
/// A PostgreSQL of one test, which may be killed, promoted from a standby, or restored from a backup; always on one port.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const string Database = "cityhelper";

    private readonly string _root;
    private readonly List<string> _folders = [];
    private string _serving = "";
    private int _made;

    private ChaosCluster(string root) => _root = root;

    /// <summary>The database, wherever it is served from.</summary>
    public string ConnectionString { get; private set; } = "";

    private string Port => new NpgsqlConnectionStringBuilder(ConnectionString).Port.ToString(CultureInfo.InvariantCulture);

    /// <summary>Starts a cluster with a migrated database.</summary>
    public static async Task<ChaosCluster> StartAsync()
    {
        var cluster = new ChaosCluster(Directory.CreateTempSubdirectory("cityhelper-chaos-").FullName);
        // The user who runs PostgreSQL must get through.
        await RunAsync("chmod", "755", cluster._root);
        cluster._serving = cluster.NewFolder();
        string server = await EngScript.RunAsync("postgres", "start", cluster._serving, "--ephemeral");
        await ExecuteAsync(server, $"create database {Database}");
        cluster.ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = Database }.ConnectionString;
        await new Migrator(cluster.ConnectionString).MigrateAsync();
        return cluster;
    }

    /// <summary>Kills the postmaster; its backends end by themselves. What was committed is in its files.</summary>
    public async Task KillAsync()
    {
        using Process postmaster = PostmasterOf(_serving);
        postmaster.Kill();
        await postmaster.WaitForExitAsync();
    }

    /// <summary>Starts what was killed.</summary>
    public Task StartAgainAsync() => EngScript.RunAsync("postgres", "start", _serving, "--ephemeral");

    /// <summary>Makes a standby that streams from the primary.</summary>
    public async Task<Standby> AddStandbyAsync()
    {
        string folder = await CopyAsync("--write-recovery-conf");
        return new(this, folder, await EngScript.RunAsync("postgres", "start", folder, "--ephemeral"));
    }

    /// <summary>Copies the files of the primary, as backups are made.</summary>
    /// <returns>What <see cref="RestoreAsync"/> takes.</returns>
    public Task<string> BackUpAsync() => CopyAsync();

    /// <summary>Kills the primary and serves an earlier state in its place, on the same timeline.</summary>
    public async Task RestoreAsync(string backup)
    {
        await KillAsync();
        await ServeAsync(backup);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string folder in _folders)
        {
            await EngScript.RunAsync("postgres", "remove", folder);
        }

        Directory.Delete(_root, recursive: true);
    }

    private static async Task ExecuteAsync(string database, params string[] statements)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false, CommandTimeout = 120 });
        foreach (string statement in statements)
        {
            await using NpgsqlCommand command = source.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<string?> TextAsync(string database, string query)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { Pooling = false });
        await using NpgsqlCommand command = source.CreateCommand(query);
        return await command.ExecuteScalarAsync() as string;
    }

    private static Process PostmasterOf(string folder) => Process.GetProcessById(
        int.Parse(File.ReadLines(Path.Combine(folder, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture));

    private static async Task<string> RunAsync(string file, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(file, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"{file} failed: {await said}");
    }

    private string NewFolder()
    {
        _folders.Add(Path.Combine(_root, (_made++).ToString(CultureInfo.InvariantCulture)));
        return _folders[^1];
    }

    private async Task ServeAsync(string folder)
    {
        string port = Port;
        await EngScript.RunAsync("postgres", "start", folder, "--ephemeral", "--port", port);
        // Its files are not needed any more, and a second one would be found by nobody.
        await EngScript.RunAsync("postgres", "remove", _serving);
        _folders.Remove(_serving);
        _serving = folder;
    }

    // A folder as eng/postgres makes it: the cluster in `data`, the password beside it, both of the user who runs PostgreSQL.
    private async Task<string> CopyAsync(params string[] options)
    {
        string folder = NewFolder();
        string owner = await RunAsync("stat", "-Lc", "%U", _serving);
        string postmaster = File.ReadLines(Path.Combine(_serving, "data", "postmaster.pid")).First();
        string programs = Path.GetDirectoryName(await RunAsync("readlink", $"/proc/{postmaster}/exe"))!;
        await RunAsync("install", "-d", "-m", "700", "-o", owner, folder);
        await RunAsync("cp", "-p", Path.Combine(_serving, "password"), folder);
        var server = new NpgsqlConnectionStringBuilder(ConnectionString);
        string[] copy =
        [
            Path.Combine(programs, "pg_basebackup"), "-d",
            $"host={server.Host} port={server.Port} user={server.Username} password={server.Password}", "-D", Path.Combine(folder, "data"),
            "-X", "stream", "-c", "fast", .. options,
        ];
        // PostgreSQL's files belong to its user: as root the copy must not belong to root.
        await (owner == Environment.UserName ? RunAsync(copy[0], copy[1..]) : RunAsync("runuser", ["-u", owner, "--", .. copy]));
        return folder;
    }

    /// <summary>A standby.</summary>
    internal sealed class Standby(ChaosCluster cluster, string folder, string server)
    {
        // PostgreSQL's largest delay is 24 days; a test takes seconds.
        private const string HeldBack = "1h";

        /// <summary>The database, as the standby has it.</summary>
        public string ConnectionString => new NpgsqlConnectionStringBuilder(server) { Database = Database }.ConnectionString;

        /// <summary>The address for a list of hosts: <c>127.0.0.1:5433</c>.</summary>
        public string Address
        {
            get
            {
                var settings = new NpgsqlConnectionStringBuilder(server);
                return string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}");
            }
        }

        /// <summary>It receives nothing more: what the primary commits from now on is lost with it.</summary>
        public Task CutOffAsync() => ExecuteAsync(server, "alter system set primary_conninfo = ''", "select pg_reload_conf()");

        /// <summary>It shows nothing of what is committed from now on, though it receives it.</summary>
        public async Task HoldBackAsync()
        {
            await DelayAsync(HeldBack);

            // The process that replays notices the setting by itself: what it holds back first is a transaction without rows.
            await Patience.UntilAsync(async () =>
            {
                await ExecuteAsync(cluster.ConnectionString, "select pg_current_xact_id()");
                return await TextAsync(server, "select max(wait_event) from pg_stat_activity where wait_event = 'RecoveryApplyDelay'");
            });
        }

        /// <summary>It shows all that is committed by now, and what comes at once.</summary>
        public async Task CatchUpAsync()
        {
            await DelayAsync("0");
            string written = (await TextAsync(cluster.ConnectionString, "select pg_current_wal_insert_lsn()::text"))!;
            await Patience.UntilAsync(() => TextAsync(
                server, $"select max('reached') where pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"));
        }

        /// <summary>Ends it at once, as an immediate shutdown does: connections are closed without a word.</summary>
        public void Kill()
        {
            using Process postmaster = PostmasterOf(folder);
            using Process kill = Process.Start("kill", ["-QUIT", postmaster.Id.ToString(CultureInfo.InvariantCulture)])!;
            kill.WaitForExit();
            postmaster.WaitForExit();
        }

        /// <summary>Starts what was killed, on the same port.</summary>
        public Task StartAgainAsync() => EngScript.RunAsync("postgres", "start", folder, "--ephemeral");

        /// <summary>Kills the primary and promotes the standby, which serves in its place.</summary>
        public async Task PromoteAsync()
        {
            await cluster.KillAsync();
            await ExecuteAsync(server, "select pg_promote(true, 60)");
            await EngScript.RunAsync("postgres", "stop", folder);
            await cluster.ServeAsync(folder);
        }

        private Task DelayAsync(string delay) => ExecuteAsync(
            server, $"alter system set recovery_min_apply_delay = '{delay}'", "select pg_reload_conf()");
    }
}
