#!/usr/bin/env escript
%%! +S 1 +sbt tnnps -kernel logger_level error
%% -*- erlang -*-
%% The Erlang/OTP megaco application as the other end of our associations, driven by a test.
%%
%%   megaco_peer.escript mgc|mg udp|tcp|sctp PORT [three-way] [slow=MS] [pdu=OCTETS] [codec=pretty|compact|ber]
%%
%% mgc: listens on 127.0.0.1:PORT and accepts every registration.  mg: registers with 127.0.0.1:PORT.
%% pdu: replies larger than this go in segments.  One scheduler (+S 1): OTP loses segments that two of its
%% processes take in at the same moment, and says segment_timeout with segments missing that it holds.
%% sctp: OTP has no such transport for megaco, so it is here: one user message a message, payload protocol 7
%% in both directions; another one is FAILED.
%% ber: names and termination identifiers stay the octets that they are on the wire.
%% Standard input, one line each:   <base64 of a message>       send its request
%%                                  quit                        end
%% Standard output, one line each:  READY | UP VERSION PROFILE | REFUSED
%%                                  REQUEST <base64>  (answered with success, after slow=MS with pendings)
%%                                  REPLY <base64>    (to what was sent)      FAILED reason
%%                                  ACK               (our reply was acknowledged)
-module(megaco_peer).
-mode(compile).
-export([main/1]).
-export([send_message/2, block/1, unblock/1, close/1]). % the transport of megaco over SCTP
-export([handle_connect/2, handle_connect/3, handle_disconnect/3, handle_disconnect/4,
         handle_syntax_error/3, handle_syntax_error/4, handle_message_error/3, handle_message_error/4,
         handle_trans_request/3, handle_trans_request/4, handle_trans_long_request/3,
         handle_trans_long_request/4, handle_trans_reply/4, handle_trans_reply/5, handle_trans_ack/4,
         handle_trans_ack/5, handle_unexpected_trans/3, handle_unexpected_trans/4,
         handle_trans_request_abort/4, handle_trans_request_abort/5,
         handle_segment_reply/5, handle_segment_reply/6]).

-define(NOV, asn1_NOVALUE).

main([Role, Transport, Port | Options]) ->
    register(peer_main, self()),
    ets:new(peer, [named_table, public, set]),
    Slow = case [list_to_integer(Ms) || "slow=" ++ Ms <- Options] of [N] -> N; [] -> 0 end,
    Cut = lists:append([[{segment_send, infinity}, {max_pdu_size, list_to_integer(Octets)}]
                        || "pdu=" ++ Octets <- Options]),
    ThreeWay = lists:member("three-way", Options),
    Codec = case [Name || "codec=" ++ Name <- Options] of [Given] -> Given; [] -> "compact" end,
    ets:insert(peer, [{slow, Slow}, {three_way, ThreeWay}, {codec, codec(Codec)}]),
    ok = application:start(megaco),
    Mid = {domainName, {'DomainName', Role ++ ".erlang.example", ?NOV}},
    ok = megaco:start_user(Mid, [{user_mod, ?MODULE}, {strict_version, false}, {auto_ack, ThreeWay},
        {request_timer, {megaco_incr_timer, 500, 2, 0, 6}}, {reply_timer, 30000},
        {long_request_timer, 30000}, {pending_timer, 30000} | Cut]),
    RH = receive_handle(Mid, Transport),
    spawn(fun() -> lines(io:get_line("")) end),
    open(Role, Transport, RH, list_to_integer(Port)),
    loop(Mid).

receive_handle(Mid, Transport) ->
    RH = megaco:user_info(Mid, receive_handle),
    {Encoder, Config} = value(codec),
    setelement(5, setelement(3, setelement(4, RH, Config), Encoder), send_mod(Transport)).
codec("pretty") -> {megaco_pretty_text_encoder, []};
codec("compact") -> {megaco_compact_text_encoder, []};
codec("ber") -> {megaco_binary_encoder, [native]}.
binary() -> element(1, value(codec)) =:= megaco_binary_encoder.
send_mod("udp") -> megaco_udp;
send_mod("tcp") -> megaco_tcp;
send_mod("sctp") -> ?MODULE.

open("mgc", "udp", RH, Port) ->
    {ok, Sup} = megaco_udp:start_transport(),
    {ok, _, _} = megaco_udp:open(Sup, [{port, Port}, {receive_handle, RH}, {udp_options, [{ip, {127,0,0,1}}]}]),
    say("READY", []);
open("mgc", "tcp", RH, Port) ->
    {ok, Sup} = megaco_tcp:start_transport(),
    ok = megaco_tcp:listen(Sup, [{port, Port}, {receive_handle, RH}, {tcp_options, [{ip, {127,0,0,1}}]}]),
    say("READY", []);
open("mgc", "sctp", RH, Port) ->
    spawn_link(fun() ->
        {ok, Socket} = gen_sctp:open([{port, Port} | sctp_options()]),
        ok = gen_sctp:listen(Socket, true),
        say("READY", []),
        sctp(Socket, RH) end);
open("mg", "sctp", RH, Port) ->
    spawn_link(fun() ->
        {ok, Socket} = gen_sctp:open(sctp_options()),
        {ok, Change} = gen_sctp:connect(Socket, {127,0,0,1}, Port, []),
        Pid = self(),
        spawn(fun() -> enrol(RH, {Socket, element(6, Change)}, Pid) end),
        sctp(Socket, RH) end);
open("mg", "udp", RH, Port) ->
    {ok, Sup} = megaco_udp:start_transport(),
    {ok, Handle, Pid} = megaco_udp:open(Sup, [{port, 0}, {receive_handle, RH}, {udp_options, [{ip, {127,0,0,1}}]}]),
    enrol(RH, megaco_udp:create_send_handle(Handle, {127,0,0,1}, Port), Pid);
open("mg", "tcp", RH, Port) ->
    {ok, Sup} = megaco_tcp:start_transport(),
    {ok, Handle, Pid} = megaco_tcp:connect(Sup, [{host, {127,0,0,1}}, {port, Port}, {receive_handle, RH}]),
    enrol(RH, Handle, Pid).

sctp_options() -> [{ip, {127,0,0,1}}, {type, seqpacket}, {mode, binary}, {active, true}, {sctp_nodelay, true}].
%% #sctp_sndrcvinfo{stream, ssn, flags, ppid, context, timetolive, tsn, cumtsn, assoc_id}
sctp(Socket, RH) ->
    receive
        {sctp, Socket, _, _, {[{sctp_sndrcvinfo, _, _, _, 7, _, _, _, _, Association}], Octets}} when is_binary(Octets) ->
            megaco:receive_message(RH, self(), {Socket, Association}, Octets);
        {sctp, Socket, _, _, {[Info], Octets}} when is_binary(Octets) ->
            say("FAILED ~0p", [Info]);
        _ -> ok % a change of an association
    end,
    sctp(Socket, RH).
send_message({Socket, Association}, Octets) ->
    gen_sctp:send(Socket, {sctp_sndrcvinfo, 0, undefined, [], 7, 0, 0, undefined, undefined, Association}, Octets).
block(_) -> ok.
unblock(_) -> ok.
close(_) -> ok.

%% ServiceChange Restart, offering version 3 in a header of version 1
enrol(RH, Handle, Pid) ->
    {ok, CH} = megaco:connect(RH, preliminary_mid, Handle, Pid),
    {Root, Profile, Reason} = case binary() of
        true -> {{'TerminationID', [], lists:duplicate(8, 255)}, {'ServiceChangeProfile', "ETSI_BGF/2"},
                 [22, 13 | "901 Cold Boot"]};
        false -> {{megaco_term_id, false, ["root"]}, {'ServiceChangeProfile', "ETSI_BGF", 2}, "901 Cold Boot"}
    end,
    Parm = {'ServiceChangeParm', restart, ?NOV, 3, Profile, [Reason], ?NOV, ?NOV, stamp(), ?NOV},
    Command = {serviceChangeReq, {'ServiceChangeRequest', [Root], Parm}},
    Actions = [{'ActionRequest', 0, ?NOV, ?NOV, [{'CommandRequest', Command, ?NOV, ?NOV}]}],
    case megaco:call(CH, Actions, [{protocol_version, 1}]) of
        {_, {ok, [{'ActionReply', _, _, _, [{serviceChangeReply, {_, _, {serviceChangeResParms, R}}}]}]}} ->
            up(R);
        {_, Other} -> say("REFUSED ~0p", [Other]), halt(2)
    end.
up(R) -> peer_main ! {up, element(4, R), element(5, R)}.

lines(eof) -> peer_main ! quit;
lines(Line) -> peer_main ! {line, string:trim(Line)}, lines(io:get_line("")).

loop(Mid) ->
    receive
        quit -> halt(0);
        {line, "quit"} -> halt(0);
        {line, Line} -> send(lists:last(megaco:user_info(Mid, connections)), Line), loop(Mid);
        {up, Version, {_, Name, N}} -> say("UP ~p ~s/~p", [Version, Name, N]), loop(Mid);
        {up, Version, {_, Name}} -> say("UP ~p ~s", [Version, string:lowercase(Name)]), loop(Mid);
        {up, Version, _} -> say("UP ~p -", [Version]), loop(Mid)
    end.

send(CH, Line) ->
    {ok, {_, _, {_, V, _, {transactions, [{transactionRequest, {_, _, Actions}}]}}}} =
        decode(base64:decode(Line)),
    spawn(fun() ->
        case megaco:call(CH, Actions, [{protocol_version, V}]) of
            {_, {ok, [{N, _} | _] = Segments}} when is_integer(N) ->
                Parts = [Part || {_, Part} <- lists:keysort(1, Segments)],
                say("SEGMENTS ~p", [length(Parts)]),
                show("REPLY", V, reply({actionReplies, lists:append(Parts)}, V));
            {_, {ok, Replies}} -> show("REPLY", V, reply({actionReplies, Replies}, V));
            {_, {error, {'ErrorDescriptor', _, _} = E}} -> show("REPLY", V, reply({transactionError, E}, V));
            {_, Other} -> say("FAILED ~0p", [Other])
        end end).

reply(Result, 3) -> {transactionReply, {'TransactionReply', 1, ?NOV, Result, ?NOV, ?NOV}};
reply(Result, _) -> {transactionReply, {'TransactionReply', 1, ?NOV, Result}}.

show(Tag, V, Transaction) ->
    Message = {'MegacoMessage', ?NOV, {'Message', V, {deviceName, "x"}, {transactions, [Transaction]}}},
    {Encoder, Config} = value(codec),
    {ok, Octets} = Encoder:encode_message(Config, V, mended(Message)),
    say("~s ~s", [Tag, base64:encode(Octets)]).
%% The text decoder of OTP forgets that several values of an event's parameter are a list, and its encoder wants it.
mended({'EventParameter', Name, [_, _ | _] = Values, ?NOV}) -> {'EventParameter', Name, Values, {sublist, true}};
mended(Term) when is_tuple(Term) -> list_to_tuple(mended(tuple_to_list(Term)));
mended([Head | Tail]) -> [mended(Head) | mended(Tail)];
mended(Term) -> Term.
decode(Octets) ->
    {Encoder, Config} = value(codec),
    Encoder:decode_message(Config, dynamic, Octets).

say(Format, Arguments) -> io:format(Format ++ "~n", Arguments).
value(Key) -> [{_, Value}] = ets:lookup(peer, Key), Value.
stamp() ->
    {{Y, M, D}, {H, Min, S}} = calendar:universal_time(),
    {'TimeNotation', lists:flatten(io_lib:format("~4..0w~2..0w~2..0w", [Y, M, D])),
     lists:flatten(io_lib:format("~2..0w~2..0w~2..0w00", [H, Min, S]))}.

%% ---- callbacks ------------------------------------------------------------------------------------------

handle_trans_request(CH, V, Actions) when is_list(Actions) ->
    case value(slow) of
        0 -> execute(V, Actions);
        _ -> {pending, Actions}
    end;
handle_trans_request(_, _, Error) -> {discard_ack, Error}.
handle_trans_request(CH, V, Actions, _) -> handle_trans_request(CH, V, Actions).
handle_trans_long_request(CH, V, Actions) -> timer:sleep(value(slow)), execute(V, Actions).
handle_trans_long_request(CH, V, Actions, _) -> handle_trans_long_request(CH, V, Actions).

execute(V, Actions) ->
    show("REQUEST", V, {transactionRequest, {'TransactionRequest', 1, Actions}}),
    Replies = [action(Action) || Action <- Actions],
    {case value(three_way) of true -> {handle_ack, x}; false -> discard_ack end, Replies}.

%% A gateway with contexts but without media: names and ports are counted, fingerprints made up.
action({'ActionRequest', C, _, _, Commands}) ->
    Context = case C of 16#FFFFFFFE -> next(context); _ -> C end,
    {'ActionReply', Context, ?NOV, ?NOV, lists:append([command(R, Context) || {_, R, _, _} <- Commands])}.

command({serviceChangeReq, {_, Tids, Parm}}, _) ->
    Result = {'ServiceChangeResParm', ?NOV, ?NOV, element(4, Parm), element(5, Parm), stamp()},
    element(2, Parm) =:= forced orelse up(Result),
    [{serviceChangeReply, {'ServiceChangeReply', Tids, {serviceChangeResParms, Result}}}];
command({notifyReq, {_, Tids, _, _}}, _) -> [{notifyReply, {'NotifyReply', Tids, ?NOV}}];
command({auditValueRequest, Audit}, _) -> % version 3 has one element more
    [{auditValueReply, {auditResult, {'AuditResult', element(2, Audit), []}}}];
command({addReq, {_, [Tid], Descriptors}}, Context) ->
    New = chosen(Tid),
    ets:insert(peer, {{held, Context}, [New | held(Context)]}),
    [{addReply, {'AmmsReply', [New], filled(Descriptors)}}];
command({modReq, {_, Tids, Descriptors}}, _) -> [{modReply, {'AmmsReply', Tids, filled(Descriptors)}}];
command({subtractReq, {_, [Tid], _}}, Context) ->
    Gone = case is_wild(Tid) of true -> held(Context); false -> [] end,
    ets:delete(peer, {held, Context}),
    [{subtractReply, {'AmmsReply', [One], ?NOV}} || One <- case Gone of [] -> [Tid]; _ -> lists:reverse(Gone) end].

held(Context) -> case ets:lookup(peer, {held, Context}) of [{_, Tids}] -> Tids; [] -> [] end.
next(Key) -> ets:update_counter(peer, Key, 1, {Key, 0}).
is_wild({megaco_term_id, Wild, _}) -> Wild;
is_wild({'TerminationID', Wild, _}) -> Wild =/= [].
chosen(Tid) ->
    case {is_wild(Tid), Tid} of
        {false, _} -> Tid;
        {true, {megaco_term_id, _, _}} ->
            {megaco_term_id, false, ["ip", "access", integer_to_list(next(termination))]};
        _ -> {'TerminationID', [], [1, 1, 0, 0, 0, next(termination)]}
    end.

%% The streams whose Local has a $ in it, with what is chosen instead.
filled(?NOV) -> ?NOV;
filled(Descriptors) ->
    Streams = [Stream || {mediaDescriptor, {'MediaDescriptor', _, {multiStream, Streams}}} <- Descriptors,
                         Stream <- Streams],
    case [local(Stream) || Stream <- Streams, element(3, element(3, Stream)) =/= ?NOV] of
        [] -> ?NOV;
        Locals -> [{mediaDescriptor, {'MediaDescriptor', ?NOV, {multiStream, Locals}}}]
    end.
local({'StreamDescriptor', Id, Wanted}) ->
    {'LocalRemoteDescriptor', Groups} = element(3, Wanted),
    Chosen = [[setelement(3, Line, [fill(V) || V <- element(3, Line)]) || Line <- Group] || Group <- Groups],
    Only = [case N of 3 -> {'LocalRemoteDescriptor', Chosen}; _ -> ?NOV end || N <- lists:seq(2, tuple_size(Wanted))],
    {'StreamDescriptor', Id, list_to_tuple(['StreamParms' | Only])}.
fill([22, Length | Text]) when Length =:= length(Text) -> Said = fill(Text), [22, length(Said) | Said]; % IA5String
fill(Text) ->
    case lists:splitwith(fun(C) -> C =/= $$ end, Text) of
        {_, []} -> Text;
        {"IN IP4 ", _} -> "IN IP4 127.0.0.1";
        {"fingerprint:sha-256 ", _} -> "fingerprint:sha-256 " ++ string:join(lists:duplicate(32, "E1"), ":");
        {Before, [_ | After]} -> Before ++ integer_to_list(40000 + 2 * next(port)) ++ After
    end.

handle_connect(_, _) -> ok.
handle_connect(_, _, _) -> ok.
handle_disconnect(CH, _, Reason) -> megaco:cancel(CH, Reason), ok.
handle_disconnect(CH, V, Reason, _) -> handle_disconnect(CH, V, Reason).
handle_syntax_error(_, _, _) -> reply.
handle_syntax_error(_, _, _, _) -> reply.
handle_message_error(_, _, Error) -> say("FAILED ~0p", [Error]), no_reply.
handle_message_error(CH, V, Error, _) -> handle_message_error(CH, V, Error).
handle_trans_reply(_, _, _, _) -> ok.
handle_trans_reply(_, _, _, _, _) -> ok.
handle_trans_ack(_, _, _, _) -> say("ACK", []), ok.
handle_trans_ack(CH, V, Status, Data, _) -> handle_trans_ack(CH, V, Status, Data).
handle_unexpected_trans(_, _, _) -> ok.
handle_unexpected_trans(_, _, _, _) -> ok.
handle_trans_request_abort(_, _, _, _) -> ok.
handle_trans_request_abort(_, _, _, _, _) -> ok.
handle_segment_reply(_, _, _, _, _) -> ok.
handle_segment_reply(_, _, _, _, _, _) -> ok.
